import Synchronization
import TraceEvents
import TraceProvider

/// The bytes of the heap that are in use, read from the machine's own objects: its counters are
/// updated only after a collection.
///
/// - Guarantee: exact while all threads are stopped; unknown for other collectors than Serial,
///   Parallel and G1, and for versions whose fields differ. With G1, the regions in which threads
///   are just allocating, mostly one, are not counted; JFR's heap before a collection is the same.
/// - Cost: some loads.
enum HeapInUse {
  private enum Layout: @unchecked Sendable {
    case unknown
    /// The spaces' addresses, and the fields of a space.
    case spaces(SpaceFields, [UnsafeRawPointer])
    /// The address of the number itself.
    case number(UnsafeRawPointer)
  }

  private struct SpaceFields {
    var bottom, top: Int

    func used(_ space: UnsafeRawPointer) -> UInt64 {
      let (low, high) = (
        space.load(fromByteOffset: bottom, as: UInt.self),
        space.load(fromByteOffset: top, as: UInt.self)
      )
      return UInt64(high >= low ? high - low : 0)
    }
  }

  private static let layout = Mutex(Layout.unknown)

  /// Called when the machine is live.
  static func prepare() {
    let found = find()
    layout.withLock { $0 = found }
  }

  /// Emits the size of the heap before a collection; called with all threads stopped.
  static func emit(_ ordinal: UInt32) {
    let bytes: UInt64? = layout.withLock { layout in
      switch layout {
      case .unknown: nil
      case .spaces(let fields, let spaces): spaces.reduce(0) { $0 &+ read($1, fields) }
      case .number(let place): UInt64(place.load(as: UInt.self))
      }
    }
    guard let bytes else { return }
    Runtime.provider.emit(GCHeapBefore(count: ordinal, size: bytes), stack: { _ in })
  }

  /// - Parameter place: the address of the pointer to the space; spaces change places.
  private static func read(_ place: UnsafeRawPointer, _ fields: SpaceFields) -> UInt64 {
    place.load(as: UnsafeRawPointer?.self).map(fields.used) ?? 0
  }

  // MARK: Layouts

  private static let types: Set<String> = [
    "Universe", "GenCollectedHeap", "SerialHeap", "DefNewGeneration", "TenuredGeneration", "Space",
    "ContiguousSpace", "ParallelScavengeHeap", "PSYoungGen", "PSOldGen", "MutableSpace",
    "G1CollectedHeap",
  ]

  private static func find() -> Layout {
    guard let fields = MachineFields(ofTypes: types),
      let heap = fields.address("Universe", "_collectedHeap")?
        .load(as: UnsafeRawPointer?.self)
    else { return .unknown }
    // The machine describes the fields of all collectors; its threads tell which one it uses.
    switch HeapCounters.collectorName.split(separator: " ").first {
    case "Serial", "Copy": return serial(fields, heap) ?? .unknown
    case "Parallel", "PSScavenge": return parallel(fields) ?? .unknown
    case "G1":
      return fields.offset("G1CollectedHeap", "_summary_bytes_used").map { .number(heap + $0) }
        ?? .unknown
    default: return .unknown
    }
  }

  private static func serial(_ fields: MachineFields, _ heap: UnsafeRawPointer) -> Layout? {
    func inHeap(_ name: String) -> UnsafeRawPointer? {
      (fields.offset("GenCollectedHeap", name) ?? fields.offset("SerialHeap", name))
        .flatMap { heap.load(fromByteOffset: $0, as: UnsafeRawPointer?.self) }
    }
    guard let young = inHeap("_young_gen"), let old = inHeap("_old_gen"),
      let eden = fields.offset("DefNewGeneration", "_eden_space"),
      let from = fields.offset("DefNewGeneration", "_from_space"),
      let space = fields.offset("TenuredGeneration", "_the_space"),
      let bottom = fields.offset("Space", "_bottom")
        ?? fields.offset("ContiguousSpace", "_bottom"),
      let top = fields.offset("ContiguousSpace", "_top")
    else { return nil }
    return .spaces(
      SpaceFields(bottom: bottom, top: top), [young + eden, young + from, old + space])
  }

  private static func parallel(_ fields: MachineFields) -> Layout? {
    func generation(_ name: String) -> UnsafeRawPointer? {
      fields.address("ParallelScavengeHeap", name)?.load(as: UnsafeRawPointer?.self)
    }
    guard let young = generation("_young_gen"), let old = generation("_old_gen"),
      let eden = fields.offset("PSYoungGen", "_eden_space"),
      let from = fields.offset("PSYoungGen", "_from_space"),
      let space = fields.offset("PSOldGen", "_object_space"),
      let bottom = fields.offset("MutableSpace", "_bottom"),
      let top = fields.offset("MutableSpace", "_top")
    else { return nil }
    return .spaces(
      SpaceFields(bottom: bottom, top: top), [young + eden, young + from, old + space])
  }
}
