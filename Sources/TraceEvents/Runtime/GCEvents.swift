// Garbage collection: keyword GC (0x1).

extension RuntimeSchema {
  static let gcEventTypes: [any TraceEvent.Type] = [
    GCStart.self, GCEnd.self, GCRestartEnd.self, GCHeapStats.self, GCRestartBegin.self,
    GCSuspendEnd.self, GCSuspendBegin.self, GCAllocationTick.self, GCTriggered.self,
    GCAllocationStall.self, GCHistory.self,
  ]
}

/// A collection begins.
public struct GCStart: ListedEvent, Hashable {
  /// Ordinal of the collection in its process, from 1.
  public var count: UInt32
  /// The oldest generation collected.
  public var depth: UInt32
  public var reason: GCReason
  public var type: GCType
  public var clientSequenceNumber: UInt64

  @inlinable
  public init(
    count: UInt32, depth: UInt32, reason: GCReason, type: GCType = .nonConcurrent,
    clientSequenceNumber: UInt64 = 0
  ) {
    self.count = count
    self.depth = depth
    self.reason = reason
    self.type = type
    self.clientSequenceNumber = clientSequenceNumber
  }

  @inlinable public init() { self.init(count: 0, depth: 0, reason: GCReason(rawValue: 0)) }

  @inlinable public static var eventID: UInt16 { 1 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCStart", .informational, RuntimeSchema.Keyword.gc)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("count", \.count, hint: .count)
    list.field("depth", \.depth)
    list.field("reason", \.reason, type: GCReason.type)
    list.field("type", \.type, type: GCType.type)
    list.field("clientSequenceNumber", \.clientSequenceNumber)
  }
}

/// A collection has ended.
public struct GCEnd: ListedEvent, Hashable {
  /// Ordinal of the collection, as in its ``GCStart``.
  public var count: UInt32
  public var depth: UInt32

  @inlinable public init(count: UInt32, depth: UInt32) {
    self.count = count
    self.depth = depth
  }

  @inlinable public init() { self.init(count: 0, depth: 0) }

  @inlinable public static var eventID: UInt16 { 2 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCEnd", .informational, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("count", \.count, hint: .count)
    list.field("depth", \.depth)
  }
}

/// The program's threads run again.
public struct GCRestartEnd: ListedEvent, Hashable {
  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 3 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCRestartEnd", .informational, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {}
}

/// The heap after a collection.
public struct GCHeapStats: ListedEvent, Hashable {
  public var generationSize0: UInt64
  public var totalPromotedSize0: UInt64
  public var generationSize1: UInt64
  public var totalPromotedSize1: UInt64
  public var generationSize2: UInt64
  public var totalPromotedSize2: UInt64
  public var generationSize3: UInt64
  public var totalPromotedSize3: UInt64
  public var finalizationPromotedSize: UInt64
  public var finalizationPromotedCount: UInt64
  public var pinnedObjectCount: UInt32
  public var sinkBlockCount: UInt32
  public var gcHandleCount: UInt32
  public var generationSize4: UInt64
  public var totalPromotedSize4: UInt64

  @inlinable
  public init(
    generationSize0: UInt64 = 0, totalPromotedSize0: UInt64 = 0, generationSize1: UInt64 = 0,
    totalPromotedSize1: UInt64 = 0, generationSize2: UInt64 = 0,
    totalPromotedSize2: UInt64 =
      0, generationSize3: UInt64 = 0, totalPromotedSize3: UInt64 = 0,
    finalizationPromotedSize:
      UInt64 = 0, finalizationPromotedCount: UInt64 = 0, pinnedObjectCount: UInt32 = 0,
    sinkBlockCount: UInt32 = 0, gcHandleCount: UInt32 = 0, generationSize4: UInt64 = 0,
    totalPromotedSize4: UInt64 = 0
  ) {
    self.generationSize0 = generationSize0
    self.totalPromotedSize0 = totalPromotedSize0
    self.generationSize1 = generationSize1
    self.totalPromotedSize1 = totalPromotedSize1
    self.generationSize2 = generationSize2
    self.totalPromotedSize2 = totalPromotedSize2
    self.generationSize3 = generationSize3
    self.totalPromotedSize3 = totalPromotedSize3
    self.finalizationPromotedSize = finalizationPromotedSize
    self.finalizationPromotedCount = finalizationPromotedCount
    self.pinnedObjectCount = pinnedObjectCount
    self.sinkBlockCount = sinkBlockCount
    self.gcHandleCount = gcHandleCount
    self.generationSize4 = generationSize4
    self.totalPromotedSize4 = totalPromotedSize4
  }

  @inlinable public init() { self.init(generationSize0: 0) }

  @inlinable public static var eventID: UInt16 { 4 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCHeapStats", .informational, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("generationSize0", \.generationSize0, hint: .bytes)
    list.field("totalPromotedSize0", \.totalPromotedSize0, hint: .bytes)
    list.field("generationSize1", \.generationSize1, hint: .bytes)
    list.field("totalPromotedSize1", \.totalPromotedSize1, hint: .bytes)
    list.field("generationSize2", \.generationSize2, hint: .bytes)
    list.field("totalPromotedSize2", \.totalPromotedSize2, hint: .bytes)
    list.field("generationSize3", \.generationSize3, hint: .bytes)
    list.field("totalPromotedSize3", \.totalPromotedSize3, hint: .bytes)
    list.field("finalizationPromotedSize", \.finalizationPromotedSize, hint: .bytes)
    list.field("finalizationPromotedCount", \.finalizationPromotedCount, hint: .count)
    list.field("pinnedObjectCount", \.pinnedObjectCount, hint: .count)
    list.field("sinkBlockCount", \.sinkBlockCount, hint: .count)
    list.field("gcHandleCount", \.gcHandleCount, hint: .count)
    list.field("generationSize4", \.generationSize4, hint: .bytes)
    list.field("totalPromotedSize4", \.totalPromotedSize4, hint: .bytes)
  }
}

/// The program's threads are about to run again.
public struct GCRestartBegin: ListedEvent, Hashable {
  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 7 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCRestartBegin", .informational, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {}
}

/// The program's threads have stopped.
public struct GCSuspendEnd: ListedEvent, Hashable {
  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 8 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCSuspendEnd", .informational, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {}
}

/// The program's threads are asked to stop.
public struct GCSuspendBegin: ListedEvent, Hashable {
  public var reason: GCSuspendReason
  /// Ordinal of the collection for which threads are suspended.
  public var count: UInt32

  @inlinable public init(reason: GCSuspendReason, count: UInt32) {
    self.reason = reason
    self.count = count
  }

  @inlinable public init() { self.init(reason: GCSuspendReason(rawValue: 0), count: 0) }

  @inlinable public static var eventID: UInt16 { 9 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCSuspendBegin", .informational, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("reason", \.reason, type: GCSuspendReason.type)
    list.field("count", \.count, hint: .count)
  }
}

/// Reports the memory allocated since the last such event (sampled allocation).
public struct GCAllocationTick: ListedEvent, Hashable {
  /// Bytes allocated since the last tick.
  public var allocationAmount: UInt64
  public var allocationKind: GCAllocationKind
  public var typeID: UInt64
  /// Type of the object that crossed the threshold.
  public var typeName: String
  public var heapIndex: UInt32
  public var address: UInt64
  public var objectSize: UInt64

  @inlinable
  public init(
    allocationAmount: UInt64, allocationKind: GCAllocationKind, typeID: UInt64,
    typeName:
      String, heapIndex: UInt32 = 0, address: UInt64 = 0, objectSize: UInt64 = 0
  ) {
    self.allocationAmount = allocationAmount
    self.allocationKind = allocationKind
    self.typeID = typeID
    self.typeName = typeName
    self.heapIndex = heapIndex
    self.address = address
    self.objectSize = objectSize
  }

  @inlinable
  public init() {
    self.init(
      allocationAmount: 0, allocationKind: GCAllocationKind(rawValue: 0), typeID: 0, typeName: "")
  }

  @inlinable public static var eventID: UInt16 { 10 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCAllocationTick", .verbose, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("allocationAmount", \.allocationAmount, hint: .bytes)
    list.field("allocationKind", \.allocationKind, type: GCAllocationKind.type)
    list.field("typeID", \.typeID, type: .pointer)
    list.field("typeName", \.typeName)
    list.field("heapIndex", \.heapIndex)
    list.field("address", \.address, type: .pointer)
    list.field("objectSize", \.objectSize, hint: .bytes)
  }
}

/// A collection was requested.
public struct GCTriggered: ListedEvent, Hashable {
  public var reason: GCReason

  @inlinable public init(reason: GCReason) {
    self.reason = reason
  }

  @inlinable public init() { self.init(reason: GCReason(rawValue: 0)) }

  @inlinable public static var eventID: UInt16 { 35 }
  public static let schema = RuntimeSchema.event(
    Self.self, "GCTriggered", .informational, RuntimeSchema.Keyword.gc)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("reason", \.reason, type: GCReason.type)
  }
}
