import CTraceShims
import Glibc
import Synchronization
import TraceControl

/// The control thread's descriptors: for a forked child to close, because the objects that hold
/// them stay behind with the thread, and to notice when the program has closed them.
///
/// A program may close every descriptor that it does not know, and then open files under the same
/// numbers. So each descriptor gets a high number, and is compared with what it was before it is
/// read or closed.
enum OpenDescriptors {
  private struct Entry {
    /// -1 in free places.
    var descriptor: Int32 = -1
    var identity: DescriptorIdentity?
  }

  private static let capacity = 256
  nonisolated(unsafe) private static let table = {
    let table = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    table.initialize(repeating: Entry(), count: capacity)
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

  /// Only within ``opening(_:)``: moves a new descriptor to a high number, and lists it there.
  static func take(_ descriptor: Int32) -> Int32 {
    let raised = HighDescriptor.raise(descriptor)
    list(raised)
    return raised
  }

  /// Only within ``opening(_:)``.
  static func list(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    for index in 0..<capacity where table[index].descriptor == -1 {
      table[index] = Entry(
        descriptor: descriptor, identity: DescriptorIdentity(of: descriptor))
      return
    }
  }

  /// Somebody else closes it from now on.
  static func forget(_ descriptor: Int32) { opening { remove(descriptor) } }

  /// Closes the descriptor, unless it is no longer ours.
  static func close(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    opening {
      if isListedAndIntact(descriptor) { Glibc.close(descriptor) }
      remove(descriptor)
    }
  }

  /// False once the program has closed the descriptor, whatever has the number now.
  static func isIntact(_ descriptor: Int32) -> Bool {
    opening { isListedAndIntact(descriptor) }
  }

  private static func isListedAndIntact(_ descriptor: Int32) -> Bool {
    for index in 0..<capacity where table[index].descriptor == descriptor {
      return table[index].identity?.isStill(descriptor) ?? false
    }
    return false
  }

  private static func remove(_ descriptor: Int32) {
    for index in 0..<capacity where table[index].descriptor == descriptor {
      table[index] = Entry()
    }
  }

  static func hold() {
    while isHeld.exchange(true, ordering: .acquiring) { sched_yield() }
  }

  static func release() { isHeld.store(false, ordering: .releasing) }

  /// In the child after a fork; nobody else runs.
  static func closeAllAfterFork() {
    for index in 0..<capacity where table[index].descriptor != -1 {
      let entry = table[index]
      if entry.identity?.isStill(entry.descriptor) ?? false { Glibc.close(entry.descriptor) }
      table[index] = Entry()
    }
    release()
  }
}
