import Glibc

/// Two threads and a lock: one holds it for 5 ms at a time, and the other waits for it. A third one
/// sleeps, and a fourth waits for what that writes.
enum LockTrial {
  nonisolated(unsafe) private static let lock = {
    let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    return lock
  }()

  nonisolated(unsafe) private static let ends = UnsafeMutablePointer<CInt>.allocate(capacity: 2)

  static func begin() {
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in while true { LockTrial.holds() } }, nil)
    pthread_create(&thread, nil, { _ in while true { LockTrial.waits() } }, nil)
    guard pipe(ends) == 0 else { return }
    pthread_create(&thread, nil, { _ in while true { LockTrial.sleeps() } }, nil)
    pthread_create(&thread, nil, { _ in while true { LockTrial.reads() } }, nil)
  }

  @inline(never) private static func holds() {
    pthread_mutex_lock(lock)
    usleep(5000)
    pthread_mutex_unlock(lock)
    usleep(1000)
  }

  @inline(never) private static func waits() {
    pthread_mutex_lock(lock)
    pthread_mutex_unlock(lock)
    usleep(500)
  }

  @inline(never) private static func sleeps() {
    usleep(20_000)
    var byte: UInt8 = 0
    _ = write(ends[1], &byte, 1)
  }

  @inline(never) private static func reads() {
    var byte: UInt8 = 0
    _ = read(ends[0], &byte, 1)
  }
}
