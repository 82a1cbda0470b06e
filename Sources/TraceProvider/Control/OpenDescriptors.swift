import CTraceShims
import Glibc
import Synchronization

/// The control thread's descriptors, for a forked child to close: the objects that hold them stay
/// behind with the thread, in whatever state it left them.
enum OpenDescriptors {
  private static let capacity = 256
  /// -1 in free places.
  nonisolated(unsafe) private static let table = {
    let table = UnsafeMutablePointer<Int32>.allocate(capacity: capacity)
    table.initialize(repeating: -1, count: capacity)
    return table
  }()
  /// Held while a descriptor exists that is not in the table; a fork waits for it.
  private static let isHeld = Atomic<Bool>(false)

  /// Runs `open` such that no fork falls between the descriptors' creation and their listing. It
  /// must be short, and must not fork.
  static func opening<Result>(_ open: () -> Result) -> Result {
    hold()
    defer { release() }
    return open()
  }

  /// Only within ``opening(_:)``.
  static func list(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    for index in 0..<capacity where table[index] == -1 {
      table[index] = descriptor
      return
    }
  }

  /// Somebody else closes it from now on.
  static func forget(_ descriptor: Int32) { opening { remove(descriptor) } }

  static func close(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    opening {
      remove(descriptor)
      Glibc.close(descriptor)
    }
  }

  private static func remove(_ descriptor: Int32) {
    for index in 0..<capacity where table[index] == descriptor { table[index] = -1 }
  }

  static func hold() {
    while isHeld.exchange(true, ordering: .acquiring) { sched_yield() }
  }

  static func release() { isHeld.store(false, ordering: .releasing) }

  /// In the child after a fork; nobody else runs.
  static func closeAllAfterFork() {
    for index in 0..<capacity where table[index] != -1 {
      Glibc.close(table[index])
      table[index] = -1
    }
    release()
  }
}
