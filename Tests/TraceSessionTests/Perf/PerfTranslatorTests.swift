import Glibc
import Testing
import TraceEvents
import TraceFormat

@testable import TraceKernel
@testable import TraceSession

/// Processes, threads and images from the kernel's records. The pids are not in use.
@Suite struct PerfTranslatorTests {
  static let shell: UInt32 = 5_000_001
  static let child: UInt32 = 5_000_002
  static let other: UInt32 = 5_000_003

  @Test func aCommandsLife() throws {
    var trace = try TranslatedTrace()
    trace.exec(Self.shell, "sh", at: 1)
    trace.fork(Self.child, parent: Self.shell, at: 2)
    trace.exec(Self.child, "true", at: 3)
    trace.map(Self.child, "/usr/bin/true", at: 4)
    trace.sample(Self.child, at: 5)
    trace.exit(Self.child, at: 6)
    let file = try trace.finish()
    #expect(
      try file.story() == [
        "\(Self.shell) ProcessExec", "\(Self.child) ProcessStart", "\(Self.child) ProcessExec",
        "\(Self.child) ImageMap", "\(Self.child) SampledProfile", "\(Self.child) ThreadStop",
        "\(Self.child) ProcessStop",
      ])
    let process = try #require(file.processes.first { $0.pid == Self.child })
    #expect(process.executable == "true")
    #expect(process.parentPID == Self.shell)
    #expect(process.endTicks == TranslatedTrace.start_ns + 6)
  }

  /// A program name selects processes with all their events; processes started by such a program
  /// are recorded as long as they run that program.
  @Test func onlyProgramsOfAName() throws {
    var trace = try TranslatedTrace(
      filter: ProcessFilter(executableNames: ["a-name-that-the-kernel-cuts", "worker"]))
    trace.exec(Self.shell, "sh", at: 1)
    trace.sample(Self.shell, at: 2)
    trace.fork(Self.child, parent: Self.shell, at: 3)
    trace.sample(Self.child, at: 4)
    trace.exec(Self.child, "worker", at: 5)
    trace.map(Self.child, "/usr/bin/worker", at: 6)
    trace.sample(Self.child, at: 7)
    trace.fork(Self.other, parent: Self.child, at: 8)
    trace.sample(Self.other, at: 9)
    trace.exec(Self.other, "sh", at: 10)
    trace.sample(Self.other, at: 11)
    trace.exec(Self.other, "a-name-that-the", at: 12)
    trace.take(.contextSwitch(isOut: true, isPreempted: false), pid: Self.other, at: 13)
    trace.take(.contextSwitch(isOut: true, isPreempted: false), pid: Self.shell, at: 14)
    trace.exit(Self.shell, at: 15)
    trace.exit(Self.child, at: 16)
    let file = try trace.finish()
    #expect(
      try file.story() == [
        "\(Self.child) ProcessExec", "\(Self.child) ImageMap", "\(Self.child) SampledProfile",
        "\(Self.other) ProcessStart", "\(Self.other) SampledProfile", "\(Self.other) ProcessExec",
        "\(Self.other) ProcessExec", "\(Self.other) ContextSwitch", "\(Self.child) ThreadStop",
        "\(Self.child) ProcessStop",
      ])
    #expect(Set(file.processes.map(\.pid)) == [Self.child, Self.other])
  }

  /// Memory that is writable and executable is reported again only if it was remapped.
  @Test func memoryThatIsMappedAnew() throws {
    var trace = try TranslatedTrace()
    let (pid, all, readOnly) = (Self.shell, UInt32(7), UInt32(5))
    trace.map(pid, "//anon", at: 1, protection: all)
    trace.map(pid, "//anon", at: 2, protection: all)
    trace.map(pid, "//anon", at: 3, protection: readOnly)
    trace.map(pid, "//anon", at: 4, protection: readOnly)
    trace.map(pid, "//anon", at: 5, protection: all)
    trace.map(pid, "/memfd:jit (deleted)", at: 6, inode: 9, protection: readOnly)
    trace.fork(Self.child, parent: pid, at: 7)
    trace.map(Self.child, "/memfd:jit (deleted)", at: 8, inode: 9, protection: readOnly)
    trace.map(Self.child, "/memfd:jit (deleted)", at: 9, inode: 10, protection: readOnly)
    trace.exec(pid, "sh", at: 10)
    trace.map(pid, "//anon", at: 11, protection: all)
    let file = try trace.finish()
    var told: [String] = []
    let replay = Replay(file)
    replay.on(CodeReplaced.self) { event, header in
      told.append("\(header.pid) \(header.timestamp) \(event.isSure)")
    }
    try replay.run()
    #expect(told == ["\(pid) 2 false", "\(pid) 6 true", "\(Self.child) 9 true"])
  }

  /// Children of listed processes are followed by the kernel, but not recorded.
  @Test func onlyListedProcesses() throws {
    var trace = try TranslatedTrace(
      filter: ProcessFilter(pids: [Self.shell]), scope: .processes([Self.shell]))
    trace.sample(Self.shell, at: 1)
    trace.fork(Self.child, parent: Self.shell, at: 2)
    trace.sample(Self.child, at: 3)
    trace.exit(Self.child, at: 4)
    #expect(try trace.finish().story() == ["\(Self.shell) SampledProfile"])
  }

  /// A running program is recognized by its executable, whatever its thread name.
  @Test func aRunningProgramIsKnownByItsExecutable() throws {
    let own = UInt32(getpid())
    let path = try #require(readLink("/proc/self/exe"))
    let name = String(try #require(path.split(separator: "/").last))
    for (wanted, isTaken) in [(name, true), ("no-such-program", false)] {
      var trace = try TranslatedTrace(filter: ProcessFilter(executableNames: [wanted]))
      trace.sample(own, at: 1)
      trace.sample(own, at: 2)
      #expect(try trace.finish().story().count == (isTaken ? 2 : 0))
    }
  }

  /// /proc shows the process that has the pid now, not an earlier one.
  @Test func anotherProcessWithTheNumberLendsNoName() throws {
    let own = UInt32(getpid())
    var before = try TranslatedTrace()
    // Long before this process began: at most 1,000 s after boot. On a machine that has run for
    // less than that, the first sample below is in the future.
    before.take(
      .sample(PerfSample(instructionPointer: 0x1010)), pid: own, at: 0 &- TranslatedTrace.start_ns)
    let file = try before.finish()
    let process = try #require(file.processes.first { $0.pid == own })
    #expect(process.executable.isEmpty)
    #expect(process.startTime == 0)
    #expect(process.arguments.isEmpty)
  }

  /// Thousands of short-lived processes leave no state behind.
  @Test func processesThatEndedAreForgotten() throws {
    var trace = try TranslatedTrace()
    for number in 0..<10_000 as Range<UInt32> {
      let pid = Self.other + number
      trace.fork(pid, parent: Self.shell, at: UInt64(number) * 10)
      trace.exec(pid, "true", at: UInt64(number) * 10 + 1)
      trace.exit(pid, at: UInt64(number) * 10 + 2)
      if number % 100 == 0 { trace.send() }
    }
    #expect(trace.translator.processes.count <= 1)
    let file = try trace.finish()
    #expect(file.processes.count == 10_000)
    #expect(file.processes.allSatisfy { $0.executable == "true" && $0.endTicks != nil })
    #expect(file.byteCount < 10_000 * 60)
  }

  /// The previous process with a pid has ended when another process has the pid, whether or not its
  /// exit was recorded.
  @Test func aProcessWhoseExitWasLostEndsWhenItsNumberIsUsedAgain() throws {
    var trace = try TranslatedTrace()
    trace.fork(Self.child, parent: Self.shell, at: 1)
    trace.take(.lost(1), pid: Self.shell, at: 2)
    trace.fork(Self.child, parent: Self.shell, at: 30)
    let file = try trace.finish()
    let lives = file.processes.filter { $0.pid == Self.child }.map(\.endTicks)
    #expect(lives == [TranslatedTrace.start_ns + 30, nil])
  }

  /// However many threads come and go, a process ends with its last.
  @Test func threadsThatComeAndGo() throws {
    var trace = try TranslatedTrace()
    trace.fork(Self.child, parent: Self.shell, at: 1)
    func thread(_ number: UInt32, begins: Bool, at time: UInt64) {
      let task = PerfTask(
        pid: Self.child, parentPID: Self.child, tid: Self.child + number, parentTID: Self.child)
      trace.take(begins ? .fork(task) : .exit(task), pid: Self.child, at: time)
    }
    for number in 1...1000 as ClosedRange<UInt32> {
      thread(number, begins: true, at: UInt64(number) * 10)
      if number > 1 { thread(number, begins: false, at: UInt64(number) * 10 + 5) }
    }
    // The first thread has ended, another one continues.
    thread(0, begins: false, at: 20_000)
    #expect(trace.translator.processes[Self.child] != nil)
    thread(1, begins: false, at: 30_000)
    #expect(trace.translator.processes[Self.child] == nil)
    let file = try trace.finish()
    let story = try file.story()
    #expect(story.count { $0.hasSuffix("ThreadStart") } == 1000)
    #expect(story.count { $0.hasSuffix("ThreadStop") } == 1001)
    #expect(story.last == "\(Self.child) ProcessStop")
    #expect(file.processes.map(\.endTicks) == [TranslatedTrace.start_ns + 30_000])
  }

  /// A process started by a command whose fork record was lost is not taken for the command.
  @Test func onlyTheFirstExecIsTheCommand() throws {
    var trace = try TranslatedTrace(scope: .children(ofThread: 1))
    trace.exec(Self.shell, "sh", at: 1)
    trace.take(.lost(1), pid: Self.shell, at: 2)
    trace.exec(Self.child, "true", at: 3)
    trace.exec(Self.child, "false", at: 4)
    #expect(
      try trace.finish().story() == [
        "\(Self.shell) ProcessStart", "\(Self.shell) ProcessExec", "\(Self.child) ProcessExec",
        "\(Self.child) ProcessExec",
      ])
  }

  /// Records that the kernel dropped are counted in the file, with the time of the loss.
  @Test func lostRecords() throws {
    var trace = try TranslatedTrace()
    trace.sample(Self.shell, at: 10)
    trace.take(.lost(7), pid: Self.shell, at: 30)
    trace.take(.lostSamples(3), pid: Self.shell, at: 40)
    #expect(trace.translator.lost == 10)
    let file = try trace.finish()
    let totals = file.lossTotals.filter { $0.cause == .kernelBufferFull }
    #expect(totals.reduce(0) { $0 + $1.count } == 10)
    #expect(totals.map(\.firstTicks).min() == TranslatedTrace.start_ns + 10)
    #expect(totals.map(\.lastTicks).max() == TranslatedTrace.start_ns + 40)
  }

  /// A chain with the kernel's maximum length has lost its outer frames.
  @Test func stacksThatTheKernelCutAreCounted() throws {
    let user = UInt64(bitPattern: -512)
    var trace = try TranslatedTrace()
    trace.stacks.framesMax = 4
    for depth in [3, 4, 4, 2] as [UInt64] {
      let chain = [user] + (0..<depth).map { 0x1000 + $0 }
      chain.withUnsafeBytes {
        trace.take(
          .sample(PerfSample(instructionPointer: 0x1000, callchain: $0)), pid: Self.shell, at: 1)
      }
    }
    #expect(trace.stacks.figures.deep == 2)
    #expect(try trace.finish().story().count == 4)
  }

  private func readLink(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}
