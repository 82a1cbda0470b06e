import CTraceShims
import TraceEvents

/// A provider's state of each event id, and its counts of events that did not reach any session.
///
///     word    bits 0-47 events counted · 57 isEnabled was asked before the sessions' answer
///             58-60 which faults were reported · 61 it has fields · 62 it is described
///             63 nothing more is counted: the sessions have answered
///     type    the Swift type that the provider's description has for the id
///
/// - Guarantee: async-signal-safe. Counting and closing use the same word, so an event is either
///   counted before the sessions' answer or written after it.
struct EventLedger: @unchecked Sendable {
  enum Fault: UInt64 {
    case undescribed = 0x1000_0000_0000_0000
    case otherType = 0x0800_0000_0000_0000
    case encoding = 0x0400_0000_0000_0000
  }

  private static let asked: UInt64 = 1 << 57
  private static let closed: UInt64 = 1 << 63
  private static let described: UInt64 = 1 << 62
  private static let hasFields: UInt64 = 1 << 61
  private static let countMask: UInt64 = 1 << 48 - 1

  private struct Entry {
    var word: UInt64
    var type: UInt
  }

  private let entries: UnsafeMutablePointer<Entry>?

  /// The ledger of a provider without events.
  static let none = EventLedger()

  /// The memory that a ledger needs.
  static let byteCount = EventSchema.idLimit * MemoryLayout<Entry>.stride

  private init() { entries = nil }

  /// The schemas and the types of the same events; `memory` has ``byteCount`` zero bytes.
  init(_ schemas: [EventSchema], _ types: [any TraceEvent.Type], in memory: UnsafeMutableRawPointer)
  {
    let entries = memory.bindMemory(to: Entry.self, capacity: EventSchema.idLimit)
    for (schema, type) in zip(schemas, types) {
      entries[Int(schema.id)] = Entry(
        word: Self.described | (schema.fields.isEmpty ? 0 : Self.hasFields),
        type: unsafeBitCast(type as Any.Type, to: UInt.self))
    }
    self.entries = entries
  }

  func describes(_ id: Int) -> Bool { word(id) & Self.described != 0 }
  func hasFields(_ id: Int) -> Bool { word(id) & Self.hasFields != 0 }
  func isClosed(_ id: Int) -> Bool { word(id) & Self.closed != 0 }
  func count(_ id: Int) -> UInt64 { word(id) & Self.countMask }
  func type(_ id: Int) -> UInt { id < EventSchema.idLimit ? entries?[id].type ?? 0 : 0 }

  /// Counts an event. Returns false and does not count it once the id is closed.
  func countUnlessClosed(_ id: Int) -> Bool {
    guard let pointer = pointer(id) else { return false }
    while true {
      let word = trace_load_u64(pointer)
      if word & Self.closed != 0 { return false }
      if word & Self.countMask == Self.countMask { return true }
      if trace_compare_exchange_u64(pointer, word, word + 1) { return true }
    }
  }

  func close(_ id: Int) {
    if let pointer = pointer(id) { _ = trace_or_u64(pointer, Self.closed) }
  }

  /// Starts over, in a forked child.
  func open(_ id: Int) {
    guard let pointer = pointer(id) else { return }
    trace_store_u64(pointer, pointer.pointee & ~(Self.closed | Self.asked | Self.countMask))
  }

  func wasAsked(_ id: Int) -> Bool { word(id) & Self.asked != 0 }
  func noteAsked(_ id: Int) {
    if let pointer = pointer(id) { _ = trace_or_u64(pointer, Self.asked) }
  }

  /// Returns true the first time.
  func isFirst(_ fault: Fault, _ id: Int) -> Bool {
    guard let pointer = pointer(id) else { return false }
    return trace_or_u64(pointer, fault.rawValue) & fault.rawValue == 0
  }

  private func word(_ id: Int) -> UInt64 {
    pointer(id).map { trace_load_u64($0) } ?? 0
  }

  /// Nil beyond the largest id.
  private func pointer(_ id: Int) -> UnsafeMutablePointer<UInt64>? {
    guard let entries, id < EventSchema.idLimit else { return nil }
    return UnsafeMutableRawPointer(entries + id).assumingMemoryBound(to: UInt64.self)
  }
}
