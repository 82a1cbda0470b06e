import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceImport

/// Recordings that perf makes here: an imported trace has the samples that `perf script` shows.
@Suite(.needs(.program("perf"), .kernelSamples, .program("gcc")), .serialized)
struct PerfScriptTests {
  private static let program = CProgram(
    """
    #include <stdlib.h>
    #include <sys/wait.h>
    #include <unistd.h>
    volatile unsigned long sink;
    __attribute__((noinline)) void leaf(int n) { for (int i = 0; i < n; i++) sink += i * sink; }
    __attribute__((noinline)) void middle(int n) { leaf(n); sink++; }
    __attribute__((noinline)) void outer(int n) { middle(n); sink++; }
    int main(void) {
      for (int i = 0; i < 40; i++) { outer(1000000); usleep(100); }
      if (fork() == 0) { for (int i = 0; i < 20; i++) outer(1000000); _exit(0); }
      wait(0);
      free(malloc(1 << 24));
      return 0;
    }
    """, name: "perf-subject")

  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/perf.data" }

  /// Records, imports, and compares; returns what was imported.
  @discardableResult
  private func compare(
    _ options: String..., inPipe: Bool = false, callersAreBefore: Bool = false
  ) throws -> ImportedRecording {
    let shown = try recordAndShow(options, inPipe: inPipe)
    let imported = try ImportedRecording(path: path, callersAreBefore: callersAreBefore)
    #expect(shown.count > 20)
    expectEqual(imported.samples.filter { $0.tid != 0 }, shown)
    #expect(imported.report.damage == [])
    return imported
  }

  /// Records, and returns what `perf script` shows; records again if it cannot.
  private func recordAndShow(_ options: [String], inPipe: Bool) throws -> [ImportedSample] {
    let program = try #require(Self.program.path)
    var crash: PerfCrash?
    for _ in 0..<3 {
      if inPipe {
        let words = options.joined(separator: " ")
        let shell = try runPerf(
          ["-c", "perf record -q \(words) -o - -- \(program) > \(path)"], program: "sh")
        #expect(try shell.wait() == 0, "\(shell.errors)")
      } else {
        try perfRecord(options, [program], to: path)
      }
      do { return try PerfScript.samples(path).filter { $0.tid != 0 } } catch let it as PerfCrash {
        crash = it
      }
    }
    throw try #require(crash)
  }

  private func expectEqual(_ imported: [ImportedSample], _ shown: [ImportedSample]) {
    #expect(imported.count == shown.count)
    let differences = zip(imported, shown).filter { !Self.isSame($0, $1) }
    #expect(
      differences.isEmpty, "\(differences.count) differ: \(differences.prefix(3))")
  }

  /// Whether a sample is the one that perf shows. Of a wake-up by an interrupt, the trace has the
  /// kernel's frames only; of a sample with an empty chain, the sampled address.
  private static func isSame(_ imported: ImportedSample, _ shown: ImportedSample) -> Bool {
    var (imported, shown) = (imported, shown)
    if shown.frames.isEmpty { imported.frames = [] }
    if shown.event == "sched:sched_waking", imported.frames.count < shown.frames.count {
      shown.frames.removeLast(shown.frames.count - imported.frames.count)
    }
    return imported == shown
  }

  @Test func framePointers() throws {
    let imported = try compare("-g", "-F", "999")
    let names = imported.file.processes.map(\.executable)
    #expect(names.contains { $0.hasPrefix("perf-subject") }, "\(names)")
  }

  @Test func inPipe() throws { try compare("-g", "-F", "999", inPipe: true) }

  @Test func compressed() throws { try compare("-g", "-z", "-F", "999") }

  @Test func withClock() throws {
    let imported = try compare("-g", "-k", "mono", "-F", "999")
    let start = imported.file.session.start
    let wall = Date().timeIntervalSince1970
    #expect(abs(Double(start.realtimeNanoseconds) / 1e9 - wall) < 600)
    #expect(!imported.report.notes.contains { $0.contains("time of day") })
  }

  @Test(.needs(.x86)) func copiesOfStacks() throws {
    let imported = try compare(
      "--call-graph", "dwarf,8192", "-e", "cpu-clock:u", "-F", "499", callersAreBefore: true)
    #expect(imported.samples.contains { $0.frames.count >= 5 })
  }

  @Test(.needs(.tracepoints)) func severalEvents() throws {
    let imported = try compare(
      "-g", "-F", "999", "-e", "syscalls:sys_enter_clock_nanosleep", "-e", "page-faults", "-e",
      "cpu-clock")
    let events = Set(imported.samples.map(\.event))
    #expect(events.contains("page-faults") && events.contains("cpu"), "\(events)")
    #expect(events.contains("syscalls:sys_enter_clock_nanosleep"), "\(events)")
  }

  @Test(.needs(.tracepoints)) func switchesOfTheMachine() throws {
    let program = try #require(Self.program.path)
    let events = ["cpu-clock", "sched:sched_switch", "sched:sched_waking"]
    try perfRecord(["-a", "-g"] + events.flatMap { ["-e", $0] }, [program], to: path)
    let imported = try ImportedRecording(path: path)
    func heads(_ samples: [ImportedSample]) -> Set<String> {
      Set(samples.filter { $0.tid != 0 }.map { "\($0.time) \($0.tid) \($0.event) \($0.period)" })
    }
    // Wake-ups of threads that the recording does not name are left out.
    let (own, shown) = (heads(imported.samples), heads(try PerfScript.samples(path)))
    #expect(own.isSubset(of: shown) && own.count * 100 >= shown.count * 99)
    #expect(imported.samples.contains { $0.event == "sched:sched_switch" })
    #expect(imported.samples.contains { $0.event == "sched:sched_waking" })
    var running: Set<UInt32> = []
    var isWrong = 0
    let replay = Replay(imported.file)
    replay.on(ContextSwitch.self) { event, header in
      if event.direction == .on {
        if !running.insert(header.tid).inserted { isWrong += 1 }
      } else {
        running.remove(header.tid)
      }
    }
    try replay.run()
    // perf loses switches on a busy machine.
    #expect(isWrong * 100 <= own.count)
  }

  /// A tracepoint's fields have the values that perf prints.
  @Test(.needs(.tracepoints)) func fieldsOfTracepoints() throws {
    let program = try #require(Self.program.path)
    try perfRecord(["-e", "sched:sched_process_fork"], [program], to: path)
    let imported = try ImportedRecording(path: path)
    var found: [String] = []
    let replay = Replay(imported.file)
    replay.onAny { event in
      let schema = imported.file.eventTypes[event.typeIndex].schema
      guard schema.name == "sched_process_fork" else { return }
      let names = schema.fields.map(\.name)
      #expect(names == ["parent_comm", "parent_pid", "child_comm", "child_pid"])
      let comm = String(decoding: event.bytes(0), as: UTF8.self)
      found.append("comm=\(comm) pid=\(event.word(1)) ")
    }
    try replay.run()
    let script = try runPerf(["script", "-i", path, "-F", "trace"])
    #expect(try script.wait() == 0)
    #expect(found.count == 1)
    for text in found { #expect(script.output.contains(text), "\(text): \(script.output)") }
  }
}

/// A program in C.
struct CProgram {
  private let directory = TemporaryDirectory()
  /// Nil if it cannot be compiled.
  let path: String?

  init(_ source: String, name: String) {
    let path = directory.path + "/" + name
    try? source.write(toFile: path + ".c", atomically: true, encoding: .utf8)
    let options = ["-O1", "-g", "-fno-omit-frame-pointer", "-pthread", "-o", path, path + ".c"]
    self.path = (try? ChildProcess("gcc", options).wait()) == 0 ? path : nil
  }
}
