import CTraceShims
import Glibc
import Synchronization
import TraceControl

/// The control thread's descriptors. A forked child closes them, because the objects that hold them
/// are lost with the thread. The table also detects descriptors that the program has closed.
///
/// A program may close every descriptor that it did not open, and then open files under the same
/// numbers. Each descriptor therefore gets a high number, and its identity is checked before it is
/// read or closed.
///
/// The first high number makes the kernel enlarge the process's table of descriptors. This takes
/// some microseconds in a process with one thread, and 5 to 15 ms in others, where the kernel waits
/// until no CPU reads the old table. In those, descriptors keep low numbers until
/// ``useHighNumbers()``, which the control thread calls when nobody waits for it.
enum OpenDescriptors {
  private struct Entry {
    /// -1 in free entries.
    var descriptor: Int32 = -1
    var identity: DescriptorIdentity?
  }

  private static let capacity = 256
  nonisolated(unsafe) private static let table = {
    let table = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
    table.initialize(repeating: Entry(), count: capacity)
    return table
  }()
  /// Held while there is a descriptor that is not in the table; a fork waits for it.
  private static let isHeld = Atomic<Bool>(false)

  /// Whether descriptors get high numbers.
  private static let areHigh = Atomic<Bool>(false)

  /// Gives new descriptors high numbers, whatever the first one costs.
  static func useHighNumbers() { areHigh.store(true, ordering: .relaxed) }

  /// Gives new descriptors high numbers if that is cheap. Returns whether it is.
  static func useHighNumbersIfCheap() -> Bool {
    if trace_is_single_threaded() { useHighNumbers() }
    return areHigh.load(ordering: .relaxed)
  }

  /// Runs `open` so that no fork happens between creating and listing the descriptors. `open` must
  /// be short and must not fork.
  static func opening<Result>(_ open: () -> Result) -> Result {
    hold()
    defer { release() }
    return open()
  }

  /// Moves a new descriptor to a high number, if they get these already, and lists it. Call it only
  /// within ``opening(_:)``.
  static func take(_ descriptor: Int32) -> Int32 {
    let placed = place(descriptor)
    list(placed)
    return placed
  }

  /// Moves a new descriptor to a high number, if descriptors get these already.
  static func place(_ descriptor: Int32) -> Int32 {
    areHigh.load(ordering: .relaxed) ? HighDescriptor.raise(descriptor) : descriptor
  }

  /// Call it only within ``opening(_:)``.
  static func list(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    for index in 0..<capacity where table[index].descriptor == -1 {
      table[index] = Entry(
        descriptor: descriptor, identity: DescriptorIdentity(of: descriptor))
      return
    }
  }

  /// Removes the descriptor from the table; another owner closes it.
  static func forget(_ descriptor: Int32) { opening { remove(descriptor) } }

  /// Closes the descriptor, unless the program has closed or replaced it.
  static func close(_ descriptor: Int32) {
    guard descriptor >= 0 else { return }
    opening {
      if isListedAndIntact(descriptor) { Glibc.close(descriptor) }
      remove(descriptor)
    }
  }

  /// False once the program has closed the descriptor, even if its number is in use again.
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

  static func prepareForForks() { trace_use(table) }

  /// Called in the child after a fork, when no other thread runs.
  static func closeAllAfterFork() {
    for index in 0..<capacity where table[index].descriptor != -1 {
      let entry = table[index]
      if entry.identity?.isStill(entry.descriptor) ?? false { Glibc.close(entry.descriptor) }
      table[index] = Entry()
    }
    release()
  }
}
