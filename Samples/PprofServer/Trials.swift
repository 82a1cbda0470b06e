import Glibc
import TracePprof
import TraceProvider

/// What the program does beside its work, for the tests.
enum Trial: String {
  /// Blocks every thread of the cooperative pool.
  case blocked
  /// Allocates: see ``HeapTrial``.
  case heap
  /// Makes threads wait for a lock: see ``LockTrial``.
  case locks
  /// 64 threads that allocate, lock, fork and exit: see ``StormTrial``.
  case storm
  /// A fixed amount of work: see ``FixedTrial``.
  case fixed
  /// Emits events; small: many, and traces are small.
  case traced, small

  func begin() {
    switch self {
    case .blocked: Trials.blockAllTasks()
    case .heap: HeapTrial.begin()
    case .locks: LockTrial.begin()
    case .storm: StormTrial.begin()
    case .fixed: FixedTrial.begin()
    case .traced, .small: Work.provider.register()
    }
  }

  /// After each round of the work.
  func round() {
    switch self {
    case .blocked, .locks, .storm: break
    case .heap: HeapTrial.growing()
    case .fixed: FixedTrial.run()
    case .traced: Work.provider.emit(RoundDone(number: 1))
    case .small: for number in 0..<10_000 { Work.provider.emit(RoundDone(number: UInt64(number))) }
    }
  }
}

/// What the tests do with a server.
enum Trials {
  /// Starts and stops servers, and prints the numbers of threads and descriptors afterwards.
  static func startAndStop(_ options: PprofOptions) throws {
    for round in 0..<40 {
      let server = try PprofServer.start(options)
      server.stop()
      if round == 9 || round == 39 { print(count("task"), count("fd")) }
    }
  }

  private static func count(_ directory: String) -> Int {
    guard let stream = opendir("/proc/self/" + directory) else { return -1 }
    defer { closedir(stream) }
    var count = 0
    while readdir(stream) != nil { count += 1 }
    return count
  }

  /// Blocks every thread of the cooperative pool.
  static func blockAllTasks() {
    for _ in 0..<4 * sysconf(Int32(_SC_NPROCESSORS_ONLN)) {
      Task.detached { blockedInTask() }
    }
    sleep(1)
  }

  @inline(never) private static func blockedInTask() { while true { sleep(1000) } }
}
