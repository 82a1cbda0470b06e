import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceSession

/// Counters of the machine and of processes, read from this machine.
@Suite struct CounterSourceTests {
  /// Directories of cgroups as a kernel shows them.
  private let directory = TemporaryDirectory()

  private func write(_ name: String, _ text: String) throws {
    let file = try #require(fopen(directory.path + "/" + name, "w"))
    fputs(text, file)
    fclose(file)
  }

  private func withBuffer<Result>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
    defer { buffer.deallocate() }
    return try body(buffer)
  }

  @Test func cgroupsOfVersion2() throws {
    try write(
      "cpu.stat", "usage_usec 5\nuser_usec 3\nnr_periods 7\nnr_throttled 2\nthrottled_usec 9\n")
    try write("cpu.max", "50000 100000\n")
    try write("memory.current", "4096\n")
    try write("memory.max", "max\n")
    try write("memory.events", "low 0\nhigh 3\nmax 4\noom 1\noom_kill 1\noom_group_kill 0\n")
    try withBuffer { buffer in
      let cpu = try #require(
        CgroupCPUFiles(unified: directory.path).read(1, "/a", buffer))
      #expect(cpu.usage == 5000 && cpu.periods == 7 && cpu.throttledPeriods == 2)
      #expect(cpu.throttled == 9000 && cpu.quota == 500_000 && cpu.path == "/a")
      let memory = try #require(
        CgroupMemoryFiles(unified: directory.path).read(1, "/a", buffer))
      #expect(memory.usage == 4096 && memory.limit == 0 && memory.highEvents == 3)
      #expect(memory.limitEvents == 4 && memory.killed == 1)
    }
  }

  @Test func cgroupsOfVersion1() throws {
    try write("cpu.stat", "nr_periods 7\nnr_throttled 2\nthrottled_time 9\n")
    try write("cpuacct.usage", "123\n")
    try write("cpu.cfs_quota_us", "-1\n")
    try write("cpu.cfs_period_us", "100000\n")
    try write("memory.usage_in_bytes", "4096\n")
    try write("memory.limit_in_bytes", "8192\n")
    try write("memory.failcnt", "6\n")
    try write("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    try withBuffer { buffer in
      let files = CgroupCPUFiles(directory: directory.path, usageDirectory: directory.path)
      let cpu = try #require(files.read(1, "/a", buffer))
      #expect(cpu.usage == 123 && cpu.throttled == 9 && cpu.quota == 0)
      try write("cpu.cfs_quota_us", "250000\n")
      #expect(try #require(files.read(1, "/a", buffer)).quota == 2_500_000)
      let memory = try #require(CgroupMemoryFiles(directory: directory.path).read(1, "/a", buffer))
      #expect(memory.limit == 8192 && memory.limitEvents == 6 && memory.killed == 2)
      #expect(CgroupMemoryFiles(directory: "/nowhere").read(1, "/a", buffer) == nil)
    }
  }

  @Test func thisProcess() throws {
    let process = try #require(
      CountedProcess(pid: UInt32(getpid()), index: 0, isConnected: true, slot: 0))
    let hertz = UInt64(sysconf(Int32(_SC_CLK_TCK)))
    try withBuffer { buffer in
      var usage = rusage()
      let counters = try #require(
        process.read(room: 1000, ticksPerSecond: hertz, buffer))
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      let cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
      let all = UInt64(cpu + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000
      #expect(counters.cpu <= all + 1_000_000 && counters.cpu + 1_000_000_000 > all)
      #expect(counters.minorFaults > 0 && counters.minorFaults <= UInt64(usage.ru_minflt))
      #expect(counters.resident > 1 << 20 && counters.proportional > 0)
      #expect(counters.threads > 0)
      // The next measurement of shared memory is later.
      #expect(process.read(room: 1000, ticksPerSecond: hertz, buffer)?.proportional == 0)
    }
  }

  @Test func noMoreThreadsThanThereIsRoomFor() throws {
    let process = try #require(
      CountedProcess(pid: UInt32(getpid()), index: 0, isConnected: true, slot: 0))
    try withBuffer { buffer in
      let counters = try #require(process.read(room: 0, ticksPerSecond: 100, buffer))
      #expect(process.threadCount == 0 && counters.uncounted == counters.threads)
      #expect(counters.waited == 0)
    }
  }

  @Test func aProcessThatHasEnded() throws {
    let child = try ChildProcess("/bin/sleep", ["60"])
    let process = try #require(
      CountedProcess(pid: UInt32(child.pid), index: 9, isConnected: false, slot: 0))
    try withBuffer { buffer in
      #expect(process.read(room: 9, ticksPerSecond: 100, buffer)?.threads == 1)
      kill(child.pid, SIGKILL)
      _ = try child.wait(seconds: 10)
      #expect(process.read(room: 9, ticksPerSecond: 100, buffer) == nil)
    }
    #expect(
      CountedProcess(pid: UInt32(child.pid), index: 9, isConnected: false, slot: 0) == nil)
  }

  @Test func recordsTheMachine() throws {
    let path = directory.path + "/t.etl"
    var selection = SourceSelection()
    selection.systemCounters = CounterSampling(interval_ns: 100_000_000)
    let session = Session(SessionConfiguration(selection, outputPath: path))
    try session.start()
    session.stop()
    var machine: [MachineCounters] = []
    var cpus: Set<UInt16> = []
    var settings: [SystemCounters] = []
    let replay = Replay(try TraceFile(path: path))
    replay.on(MachineCounters.self) { event, header in
      machine.append(event)
      #expect(header.pid == 0)
    }
    replay.on(CPUCounters.self) { _, header in cpus.insert(header.cpu) }
    replay.on(SystemCounters.self) { event, _ in settings.append(event) }
    try replay.run()
    #expect(machine.count >= 2)
    #expect(machine.last?.contextSwitches ?? 0 >= machine.first?.contextSwitches ?? .max)
    #expect(machine.first?.available ?? 0 > 0 && machine.first?.running ?? 0 > 0)
    #expect(cpus.count == sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    #expect(settings.count == 2 && settings.first?.interval == 100_000_000)
    #expect(settings.first?.memory ?? 0 > machine.first?.available ?? .max)
  }
}
