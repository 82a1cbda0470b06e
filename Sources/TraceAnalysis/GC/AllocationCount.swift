/// Bytes of a process's allocation events.
struct AllocationCount {
  /// All bytes in the selected time; nil if there were no events at all.
  private(set) var total: UInt64?
  /// The most bytes that one event reported: what was allocated by a time is known to within this.
  private(set) var step: UInt64 = 0
  private var sinceStart: UInt64 = 0
  /// Bytes since the heap's size was last reported.
  var sinceHeap: UInt64 = 0

  mutating func add(_ bytes: UInt64, isSelected: Bool) {
    total = (total ?? 0).addingClamped(isSelected ? bytes : 0)
    step = max(step, bytes)
    sinceStart = sinceStart.addingClamped(bytes)
    sinceHeap = sinceHeap.addingClamped(bytes)
  }

  /// Returns the bytes since the last call.
  mutating func takeSinceStart() -> UInt64 {
    defer { sinceStart = 0 }
    return sinceStart
  }
}
