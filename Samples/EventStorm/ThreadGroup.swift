import Glibc

/// Threads that start together and are joined together.
enum ThreadGroup {
  private final class Start {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs the bodies, each on a separate thread, and returns when all have ended.
  static func run(_ bodies: [@Sendable () -> Void]) throws(StormError) {
    var threads: [pthread_t] = []
    for body in bodies { threads.append(try start(body)) }
    for thread in threads { pthread_join(thread, nil) }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) throws(StormError) -> pthread_t
  {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Start(body)).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, argument)
    guard status == 0 else {
      throw StormError("cannot start a thread: \(String(cString: strerror(status)))")
    }
    return thread
  }

  /// Blocks threads until `count` threads have arrived.
  final class Barrier: @unchecked Sendable {
    private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)

    init(count: Int) { pthread_barrier_init(barrier, nil, UInt32(count)) }

    deinit {
      pthread_barrier_destroy(barrier)
      barrier.deallocate()
    }

    func wait() { pthread_barrier_wait(barrier) }
  }
}
