import Foundation

/// Two threads and a lock: one holds it for 5 ms at a time, and the other waits for it.
enum LockTrial {
  private static let lock = NSLock()

  static func begin() {
    Thread.detachNewThread { while true { holds() } }
    Thread.detachNewThread { while true { waits() } }
  }

  @inline(never) private static func holds() {
    lock.lock()
    usleep(5000)
    lock.unlock()
    usleep(1000)
  }

  @inline(never) private static func waits() {
    lock.lock()
    lock.unlock()
    usleep(500)
  }
}
