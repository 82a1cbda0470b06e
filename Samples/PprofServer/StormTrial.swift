import Glibc

/// 64 threads that allocate, lock, fork and exit. A thread that exits leaves another in its place.
enum StormTrial {
  private static let threads = 64
  private static let roundsMax = 200

  nonisolated(unsafe) private static let lock = {
    let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    return lock
  }()
  nonisolated(unsafe) private static var total = 0

  static func begin() { for _ in 0..<threads { startThread() } }

  private static func startThread() {
    var thread = pthread_t()
    let code = pthread_create(&thread, nil, { _ in StormTrial.live() }, nil)
    guard code == 0 else { fatalError("pthread_create: \(code)") }
    pthread_detach(thread)
  }

  private static func live() -> UnsafeMutableRawPointer? {
    for number in 0..<roundsMax { round(number) }
    startThread()
    return nil
  }

  private static func round(_ number: Int) {
    let blocks = (0..<8).map { [UInt8](repeating: 1, count: 100 << $0) }
    pthread_mutex_lock(lock)
    total &+= blocks.reduce(0) { $0 + $1.count }
    pthread_mutex_unlock(lock)
    if number == roundsMax / 2 { fork() }
    usleep(500)
  }

  /// A child that takes the lock in its copy of memory must not find it locked.
  private static func fork() {
    guard let address = dlsym(nil, "fork") else { return }
    let fork = unsafeBitCast(address, to: (@convention(c) () -> pid_t).self)
    // In the child, the runtime's lock of a lazy variable may be one that another thread holds.
    let lock = lock
    pthread_mutex_lock(lock)
    let child = fork()
    if child == 0 {
      free(malloc(1 << 20))
      pthread_mutex_unlock(lock)
      _exit(0)
    }
    pthread_mutex_unlock(lock)
    var status: CInt = 0
    while child > 0, waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard child > 0, status == 0 else { fatalError("fork: \(child), \(status)") }
  }
}
