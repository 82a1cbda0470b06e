import Glibc

/// Runs the program on the main thread or, if the limit on the main thread's stack (RLIMIT_STACK)
/// is much lower than usual, on a separate thread.
enum MainStack {
  /// The stack size of a thread on most machines.
  private static let usualBytes = 8 << 20
  /// With a lower limit, the program runs on a separate thread.
  private static let enoughBytes = 2 << 20

  /// Runs `body`, which does not return if it ends the process.
  static func run(_ body: @escaping @convention(c) () -> Void) {
    var limit = rlimit()
    let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_STACK.rawValue), &limit) == 0
    guard isKnown, limit.rlim_cur < enoughBytes else { return body() }
    // Several C modules have the structure's header, and the compiler may take its initializer for
    // that of any of them.
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    pthread_attr_init(attributes)
    defer {
      pthread_attr_destroy(attributes)
      attributes.deallocate()
    }
    pthread_attr_setstacksize(attributes, usualBytes)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, attributes,
      { body in
        unsafeBitCast(body, to: (@convention(c) () -> Void).self)()
        return nil
      }, unsafeBitCast(body, to: UnsafeMutableRawPointer.self))
    guard code == 0 else { return body() }
    // The other thread receives the signals.
    var every = sigset_t()
    sigfillset(&every)
    pthread_sigmask(SIG_SETMASK, &every, nil)
    pthread_join(thread, nil)
  }
}
