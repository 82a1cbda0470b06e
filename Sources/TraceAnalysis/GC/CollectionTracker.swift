internal import TraceEvents

/// Pairs the GC events of one process, in order of time.
///
/// A beginning without an end stays open, and an end without a beginning is only counted: nothing
/// is paired with an event of another collection.
struct CollectionTracker {
  /// Maximum number of collections, and of suspensions, of a process; later ones are not kept.
  static let recordsMax = 1 << 20

  /// The time that is counted; nil for all.
  private let selection: ClosedRange<Int64>?
  private(set) var collections: [CollectionRecord] = []
  private(set) var suspensions: [Suspension] = []
  private(set) var allocations = AllocationCount()
  private(set) var collectionsWithoutStart = 0
  private(set) var suspensionsWithoutStart = 0
  /// The stalls that were reported.
  private(set) var stalls = StallRecords()
  private(set) var isCut = false
  /// Whether the runtime reports suspensions.
  private(set) var hasSuspensions = false
  /// The last reported size of the heap, and the largest one in the selected time.
  private(set) var lastHeap: (bytes: UInt64, at: Int64)?
  private(set) var peakHeap: UInt64?

  /// Positions of collections without an end, by number.
  private var running: [UInt32: Int] = [:]
  /// Position of the last collection that has ended and whose heap is not known yet.
  private var justEnded: Int?
  private var isSuspending = false

  init(selection: ClosedRange<Int64>?) { self.selection = selection }

  private func selects(_ time: Int64) -> Bool { selection?.contains(time) ?? true }

  // MARK: Collections

  mutating func start(_ event: GCStart, at time: Int64) {
    justEnded = nil
    let allocated = allocations.takeSinceStart()
    guard collections.count < Self.recordsMax else {
      isCut = true
      return
    }
    let before = lastHeap.map { ($0.bytes.addingClamped(allocations.sinceHeap), $0.at) }
    running[event.count] = collections.count
    collections.append(
      CollectionRecord(start: event, begin: time, allocated: allocated, before: before))
    if isSuspending {
      let suspension = suspensions.count - 1
      suspensions[suspension].collections =
        suspensions[suspension].collections.lowerBound..<collections.count
    }
  }

  mutating func end(_ event: GCEnd, at time: Int64) {
    justEnded = nil
    guard let position = running.removeValue(forKey: event.count),
      collections[position].begin <= time
    else {
      if !isCut, selects(time) { collectionsWithoutStart += 1 }
      if isSuspending { suspensions[suspensions.count - 1].isBroken = true }
      return
    }
    collections[position].end = time
    justEnded = position
    if isSuspending, !collections[position].isBackground,
      position < suspensions[suspensions.count - 1].collections.lowerBound
    {
      suspensions[suspensions.count - 1].isBroken = true
    }
  }

  /// The event follows its collection's beginning.
  mutating func heapBefore(_ event: GCHeapBefore) {
    guard let position = running[event.count] else { return }
    collections[position].statedBefore = event.size
  }

  /// The event follows its collection's end.
  mutating func history(_ event: GCHistory) {
    guard let position = justEnded, collections[position].start.count == event.count
    else { return }
    collections[position].history = event
  }

  mutating func heap(bytes: UInt64, promoted: UInt64, at time: Int64) {
    if let position = justEnded { collections[position].after = (bytes, promoted, time) }
    justEnded = nil
    lastHeap = (bytes, time)
    if selects(time) { peakHeap = max(peakHeap ?? 0, bytes) }
    allocations.sinceHeap = 0
  }

  mutating func allocated(_ bytes: UInt64, at time: Int64) {
    allocations.add(bytes, isSelected: selects(time))
  }

  /// - Parameter end: the end of the stall.
  mutating func stalled(_ event: GCAllocationStall, end: Int64) {
    if selects(end) { stalls.add(event, end: end) }
  }

  // MARK: Suspensions

  mutating func suspend(_ event: GCSuspendBegin, at time: Int64) {
    hasSuspensions = true
    guard suspensions.count < Self.recordsMax else {
      (isSuspending, isCut) = (false, true)
      return
    }
    isSuspending = true
    suspensions.append(Suspension(event, at: time, nextCollection: collections.count))
  }

  mutating func suspended(at time: Int64) {
    hasSuspensions = true
    guard isSuspending else { return }
    let last = suspensions.count - 1
    if suspensions[last].stopped == nil { suspensions[last].stopped = time }
  }

  mutating func restarting() { hasSuspensions = true }

  mutating func restarted(at time: Int64) {
    hasSuspensions = true
    guard isSuspending else {
      if !isCut, selects(time) { suspensionsWithoutStart += 1 }
      return
    }
    isSuspending = false
    let last = suspensions.count - 1
    suspensions[last].end = time
    let inside = suspensions[last].collections
    let isRunning = inside.contains { collections[$0].end == nil && !collections[$0].isBackground }
    let isInOrder =
      suspensions[last].begin <= time && suspensions[last].stopped ?? time <= time
    if isRunning || !isInOrder { suspensions[last].isBroken = true }
    guard inside.isEmpty, suspensions[last].isForCollection else { return }
    let background = running.values.filter { collections[$0].isBackground }
    if background.count == 1 { suspensions[last].background = background[0] }
  }
}
