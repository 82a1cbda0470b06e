import Glibc

/// A fixed amount of work in two threads beside others that mostly sleep, for the benchmark of CPU
/// profiles (Benchmarks/CPU).
///
///     pprof-server 0 fixed ROUNDS SLEEPERS
///
/// The work begins with a line of input; then its time and CPU time are printed, in nanoseconds.
enum FixedTrial {
  private static let workers = 2
  private static let depth = 24
  private static let sleep_ns = 100_000_000

  private static let rounds = number(3, default: 1000)
  private static let sleepers = number(4, default: 0)

  private static func number(_ position: Int, default usual: Int) -> Int {
    let arguments = CommandLine.arguments
    return position < arguments.count ? Int(arguments[position]) ?? usual : usual
  }

  /// Two of each: threads wait here before and after the work.
  nonisolated(unsafe) private static let barriers = {
    let barriers = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 2)
    for index in 0..<2 { pthread_barrier_init(barriers + index, nil, UInt32(workers + 1)) }
    return barriers
  }()

  static func begin() {
    var thread = pthread_t()
    for _ in 0..<workers { pthread_create(&thread, nil, { _ in FixedTrial.work() }, nil) }
    for _ in 0..<sleepers { pthread_create(&thread, nil, { _ in FixedTrial.sleep() }, nil) }
  }

  /// Does the work once, and ends the program.
  static func run() {
    fflush(nil)
    _ = readLine()
    pthread_barrier_wait(barriers)
    let (wall, cpu) = (clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
    pthread_barrier_wait(barriers + 1)
    print(clock(CLOCK_MONOTONIC) - wall, clock(CLOCK_PROCESS_CPUTIME_ID) - cpu)
    exit(0)
  }

  private static func clock(_ id: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(id, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  private static func work() -> UnsafeMutableRawPointer? {
    var memory = [UInt64](repeating: 1, count: 32_768)
    pthread_barrier_wait(barriers)
    for _ in 0..<rounds { descend(depth, &memory) }
    pthread_barrier_wait(barriers + 1)
    return nil
  }

  /// Computes at the end of a stack of some depth.
  @inline(never) private static func descend(_ depth: Int, _ memory: inout [UInt64]) {
    guard depth == 0 else {
      descend(depth - 1, &memory)
      memory[depth] &+= 1
      return
    }
    var sum = memory[0]
    for index in memory.indices {
      sum = (sum ^ memory[index]) &* 6_364_136_223_846_793_005
      memory[index] = sum
    }
  }

  /// Sleeps until times that lie a tenth of a second apart, however often a signal wakes it.
  private static func sleep() -> UnsafeMutableRawPointer? {
    var next = timespec()
    clock_gettime(CLOCK_MONOTONIC, &next)
    while true {
      next.tv_nsec += sleep_ns
      if next.tv_nsec >= 1_000_000_000 {
        next.tv_nsec -= 1_000_000_000
        next.tv_sec += 1
      }
      while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nil) == EINTR {}
    }
  }
}
