/// What a runtime knows of a collection when it has ended: the collector, and the cause in the
/// runtime's own words.
///
/// The CLR states cause and generation in GCStart. A runtime that does not know them by then emits
/// this event between the collection's GCEnd and GCHeapStats; where the two differ, this event is
/// right.
public struct GCHistory: ListedEvent, Hashable {
  /// Ordinal of the collection, as in its ``GCStart``.
  public var count: UInt32
  /// The oldest generation collected.
  public var depth: UInt32
  /// The runtime's words, such as "G1 Evacuation Pause"; empty if it does not know.
  public var cause: String
  /// The runtime's name for what did the work, such as "G1 young collection pauses".
  public var collector: String

  @inlinable
  public init(count: UInt32, depth: UInt32, cause: String, collector: String = "") {
    self.count = count
    self.depth = depth
    self.cause = cause
    self.collector = collector
  }

  @inlinable public init() { self.init(count: 0, depth: 0, cause: "") }

  @inlinable public static var eventID: UInt16 { 511 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCHistory", .informational, RuntimeSchema.Keyword.gc)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("count", \.count, hint: .count)
    list.field("depth", \.depth)
    list.field("cause", \.cause)
    list.field("collector", \.collector)
  }
}

/// The size of the heap when a collection began; follows its GCStart. The CLR has no such event.
public struct GCHeapBefore: ListedEvent, Hashable {
  /// Ordinal of the collection, as in its ``GCStart``.
  public var count: UInt32
  /// Bytes in use, including those of objects that are no longer referenced. The JVM agent does not
  /// count the regions in which threads are just allocating with G1; nor does JFR.
  public var size: UInt64

  @inlinable
  public init(count: UInt32, size: UInt64) {
    self.count = count
    self.size = size
  }

  @inlinable public init() { self.init(count: 0, size: 0) }

  @inlinable public static var eventID: UInt16 { 515 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCHeapBefore", .informational, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("count", \.count, hint: .count)
    list.field("size", \.size, hint: .bytes)
  }
}
