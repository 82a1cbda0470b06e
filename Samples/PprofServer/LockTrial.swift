import Glibc

/// Two threads and a lock: one holds it for 5 ms at a time, and the other waits for it.
enum LockTrial {
  nonisolated(unsafe) private static let lock = {
    let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    return lock
  }()

  static func begin() {
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in while true { LockTrial.holds() } }, nil)
    pthread_create(&thread, nil, { _ in while true { LockTrial.waits() } }, nil)
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
}
