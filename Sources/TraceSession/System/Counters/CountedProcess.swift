import CTraceShims
import Glibc
import OSStrings
import TraceControl
import TraceEvents

/// A process whose counters are read, through descriptors that always concern this process, even if
/// its pid is used again.
final class CountedProcess {
  /// The time between two measurements of shared memory, as a multiple of what one takes: it stops
  /// the program from mapping memory meanwhile.
  private static let restFactor: UInt64 = 5000
  private static let pageBytes = UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))

  let pid: UInt32
  /// The session's number.
  let index: UInt32
  /// Whether the session's connection with the process reports its end.
  let isConnected: Bool
  /// The number of the process's stream.
  let slot: Int
  /// What the process's record says: the program, and the time at which it was found.
  var executable = ""
  var joinTicks: UInt64?
  /// The numbers of its cgroups, and of readings so far.
  var cgroups = CgroupTable.Numbers()
  var readings = 0
  /// Field 22 of /proc/PID/stat: clock ticks after boot.
  private(set) var startTime: UInt64 = 0
  private let directory: Int32
  private let stat: CounterFile
  private let io: CounterFile?
  private var threads: ThreadCounterFiles
  private var nextProportional_ns: UInt64 = 0
  private var clock: clockid_t?

  /// Nil if the process has ended.
  init?(pid: UInt32, index: UInt32, isConnected: Bool, slot: Int) {
    (self.pid, self.index, self.isConnected, self.slot) = (pid, index, isConnected, slot)
    let directory = OSPath.open("/proc/\(pid)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0, let stat = CounterFile(below: directory, "stat") else {
      if directory >= 0 { close(directory) }
      return nil
    }
    (self.directory, self.stat) = (directory, stat)
    io = CounterFile(below: directory, "io")
    threads = ThreadCounterFiles(directory: directory)
    var clock = clockid_t()
    if clock_getcpuclockid(pid_t(clamping: pid), &clock) == 0 { self.clock = clock }
  }

  deinit { close(directory) }

  /// Number of threads that are counted.
  var threadCount: Int { Int(threads.count) }

  /// Returns the counters, without the cgroups; nil if the process has ended.
  ///
  /// - Parameter room: how many threads more may be counted.
  func read(
    room: Int, ticksPerSecond: UInt64, _ buffer: UnsafeMutableRawBufferPointer
  ) -> ProcessCounters? {
    // Read before the file, which fails if the process has ended by then.
    let cpu = cpuTime()
    var counters = ProcessCounters()
    guard var text = stat.read(into: buffer), text.skip(pastLast: UInt8(ascii: ")")) else {
      return nil
    }
    let state = text.word()
    let hasMemory = !(state.elementsEqual("Z".utf8) || state.elementsEqual("X".utf8))
    text.skipWords(6)
    counters.minorFaults = text.count()
    text.skipWords(1)
    counters.majorFaults = text.count()
    text.skipWords(1)
    counters.user = text.count()
    counters.system = text.count()
    text.skipWords(4)
    counters.threads = UInt32(clamping: text.count())
    text.skipWords(1)
    startTime = text.count()
    text.skipWords(1)
    counters.resident = text.count().multipliedClamped(by: Self.pageBytes)
    let ticks = counters.user.addingClamped(counters.system)
    counters.cpu =
      cpu ?? ticks.multipliedClamped(by: 1_000_000_000 / max(1, ticksPerSecond))
    if var text = io?.read(into: buffer) {
      counters.readBytes = text.number(after: "read_bytes:") ?? 0
      counters.writtenBytes = text.number(after: "write_bytes:") ?? 0
    }
    threads.read(running: counters.threads, room: room, buffer)
    counters.waited = threads.waited
    counters.voluntary = threads.voluntary
    counters.involuntary = threads.involuntary
    counters.uncounted = counters.threads - min(counters.threads, threads.count)
    if hasMemory { counters.proportional = proportional(buffer) ?? 0 }
    return counters
  }

  /// CPU time of the process in nanoseconds.
  private func cpuTime() -> UInt64? {
    guard let clock else { return nil }
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return nil }
    return UInt64(clamping: time.tv_sec).multipliedClamped(by: 1_000_000_000)
      .addingClamped(UInt64(clamping: time.tv_nsec))
  }

  /// Memory in RAM with a share of shared memory; nil if it is not measured this time.
  private func proportional(_ buffer: UnsafeMutableRawBufferPointer) -> UInt64? {
    let start_ns = trace_monotonic_ns()
    guard start_ns >= nextProportional_ns else { return nil }
    // The file belongs to the program that runs when it is opened.
    let file = CounterFile(below: directory, "smaps_rollup")
    var text = file?.read(into: buffer)
    let duration_ns = trace_monotonic_ns() &- start_ns
    nextProportional_ns = start_ns.addingClamped(
      duration_ns.multipliedClamped(by: Self.restFactor))
    return text?.number(after: "Pss:")?.kibibytes
  }

  /// The content of /proc/PID/cgroup.
  func cgroupText(_ buffer: UnsafeMutableRawBufferPointer) -> CounterText? {
    CounterFile(below: directory, "cgroup")?.read(into: buffer)
  }
}
