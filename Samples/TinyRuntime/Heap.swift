import TraceEvents
import TraceProvider

/// A heap of pairs with a mark-and-sweep collector that emits events.
struct Heap {
  /// A position in the heap; 0 is nil.
  typealias Reference = Int

  private struct Cell {
    var left: Reference = 0
    var right: Reference = 0
    var isLive = false
  }

  private var cells: [Cell]
  private var free: [Reference]
  private(set) var collections: UInt32 = 0
  /// Sum over all collections of the bytes that survived.
  private(set) var survivingBytes: UInt64 = 0
  private var allocatedSinceTick = 0
  /// The roots of reachable objects.
  var roots: [Reference] = []

  init(capacity: Int) {
    cells = Array(repeating: Cell(), count: capacity + 1)
    free = Array((1...capacity).reversed())
  }

  private static let cellSize = UInt64(MemoryLayout<Cell>.stride)
  /// Number of bytes per allocation event, approximately.
  private static let tickBytes = 256 << 10

  /// Allocates a pair; collects if the heap is full; nil if all of it is in use.
  mutating func allocate(_ left: Reference = 0, _ right: Reference = 0) -> Reference? {
    if free.isEmpty {
      // The pair's parts may not be reachable from elsewhere yet.
      roots.append(left)
      roots.append(right)
      collect(reason: .allocSmall)
      roots.removeLast(2)
    }
    guard let place = free.popLast() else { return nil }
    cells[place] = Cell(left: left, right: right)
    noteAllocation(at: place)
    return place
  }

  private mutating func noteAllocation(at place: Reference) {
    allocatedSinceTick += Int(Self.cellSize)
    guard allocatedSinceTick >= Self.tickBytes else { return }
    let amount = UInt64(allocatedSinceTick)
    allocatedSinceTick = 0
    Runtime.provider.emit(
      GCAllocationTick(
        allocationAmount: amount, allocationKind: .small, typeID: 1, typeName: "Pair",
        address: UInt64(place) * Self.cellSize, objectSize: Self.cellSize))
  }

  mutating func collect(reason: GCReason) {
    collections += 1
    let count = collections
    if reason == .induced { Runtime.provider.emit(GCTriggered(reason: reason)) }
    // Only one thread runs, so the suspension is immediate.
    Runtime.provider.emit(GCSuspendBegin(reason: .forGC, count: count))
    Runtime.provider.emit(GCSuspendEnd())
    Runtime.provider.emit(GCStart(count: count, depth: 0, reason: reason))
    let survivors = mark()
    survivingBytes += UInt64(survivors) * Self.cellSize
    sweep()
    Runtime.provider.emit(GCEnd(count: count, depth: 0))
    Runtime.provider.emit(
      GCHeapStats(
        generationSize0: UInt64(cells.count - 1) * Self.cellSize,
        totalPromotedSize0: UInt64(survivors) * Self.cellSize))
    Runtime.provider.emit(GCRestartBegin())
    Runtime.provider.emit(GCRestartEnd())
  }

  private mutating func mark() -> Int {
    for index in cells.indices { cells[index].isLive = false }
    var pending = roots
    var count = 0
    while let place = pending.popLast() {
      guard place != 0, !cells[place].isLive else { continue }
      cells[place].isLive = true
      count += 1
      pending.append(cells[place].left)
      pending.append(cells[place].right)
    }
    return count
  }

  private mutating func sweep() {
    free.removeAll(keepingCapacity: true)
    for place in cells.indices.dropFirst() where !cells[place].isLive { free.append(place) }
  }
}
