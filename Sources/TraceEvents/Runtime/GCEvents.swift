// Garbage collection: keyword GC (0x1).

extension RuntimeSchema {
  static let gcEventTypes: [any TraceEvent.Type] = [
    GCStart.self, GCEnd.self, GCRestartEnd.self, GCHeapStats.self, GCRestartBegin.self,
    GCSuspendEnd.self, GCSuspendBegin.self, GCAllocationTick.self, GCTriggered.self,
    GCAllocationStall.self,
  ]
}

/// A collection begins.
public struct GCStart: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 1 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCStart", .informational, RuntimeSchema.Keyword.gc,
    [
      FieldSchema("count", .uint32, .count),
      FieldSchema("depth", .uint32),
      FieldSchema("reason", GCReason.type),
      FieldSchema("type", GCType.type),
      FieldSchema("clientSequenceNumber", .uint64),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(count)
    encoder.encode(depth)
    encoder.encode(reason)
    encoder.encode(type)
    encoder.encode(clientSequenceNumber)
  }

  public init(from decoder: inout EventDecoder) {
    count = decoder.decode()
    depth = decoder.decode()
    reason = decoder.decode()
    type = decoder.decode()
    clientSequenceNumber = decoder.decode()
  }
}

/// A collection has ended.
public struct GCEnd: TraceEvent, Hashable {
  /// Ordinal of the collection, as in its ``GCStart``.
  public var count: UInt32
  public var depth: UInt32

  @inlinable public init(count: UInt32, depth: UInt32) {
    self.count = count
    self.depth = depth
  }

  @inlinable public static var eventID: UInt16 { 2 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCEnd", .informational, RuntimeSchema.Keyword.gc,
    [
      FieldSchema("count", .uint32, .count),
      FieldSchema("depth", .uint32),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(count)
    encoder.encode(depth)
  }

  public init(from decoder: inout EventDecoder) {
    count = decoder.decode()
    depth = decoder.decode()
  }
}

/// The program's threads run again.
public struct GCRestartEnd: TraceEvent, Hashable {
  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 3 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCRestartEnd", .informational, RuntimeSchema.Keyword.gc, [])

  @inlinable public func encode(into encoder: inout EventEncoder) {}

  @inlinable public init(from decoder: inout EventDecoder) {}
}

/// The heap after a collection.
public struct GCHeapStats: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 4 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCHeapStats", .informational, RuntimeSchema.Keyword.gc,
    [
      FieldSchema("generationSize0", .uint64, .bytes),
      FieldSchema("totalPromotedSize0", .uint64, .bytes),
      FieldSchema("generationSize1", .uint64, .bytes),
      FieldSchema("totalPromotedSize1", .uint64, .bytes),
      FieldSchema("generationSize2", .uint64, .bytes),
      FieldSchema("totalPromotedSize2", .uint64, .bytes),
      FieldSchema("generationSize3", .uint64, .bytes),
      FieldSchema("totalPromotedSize3", .uint64, .bytes),
      FieldSchema("finalizationPromotedSize", .uint64, .bytes),
      FieldSchema("finalizationPromotedCount", .uint64, .count),
      FieldSchema("pinnedObjectCount", .uint32, .count),
      FieldSchema("sinkBlockCount", .uint32, .count),
      FieldSchema("gcHandleCount", .uint32, .count),
      FieldSchema("generationSize4", .uint64, .bytes),
      FieldSchema("totalPromotedSize4", .uint64, .bytes),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(generationSize0)
    encoder.encode(totalPromotedSize0)
    encoder.encode(generationSize1)
    encoder.encode(totalPromotedSize1)
    encoder.encode(generationSize2)
    encoder.encode(totalPromotedSize2)
    encoder.encode(generationSize3)
    encoder.encode(totalPromotedSize3)
    encoder.encode(finalizationPromotedSize)
    encoder.encode(finalizationPromotedCount)
    encoder.encode(pinnedObjectCount)
    encoder.encode(sinkBlockCount)
    encoder.encode(gcHandleCount)
    encoder.encode(generationSize4)
    encoder.encode(totalPromotedSize4)
  }

  public init(from decoder: inout EventDecoder) {
    generationSize0 = decoder.decode()
    totalPromotedSize0 = decoder.decode()
    generationSize1 = decoder.decode()
    totalPromotedSize1 = decoder.decode()
    generationSize2 = decoder.decode()
    totalPromotedSize2 = decoder.decode()
    generationSize3 = decoder.decode()
    totalPromotedSize3 = decoder.decode()
    finalizationPromotedSize = decoder.decode()
    finalizationPromotedCount = decoder.decode()
    pinnedObjectCount = decoder.decode()
    sinkBlockCount = decoder.decode()
    gcHandleCount = decoder.decode()
    generationSize4 = decoder.decode()
    totalPromotedSize4 = decoder.decode()
  }
}

/// The program's threads are about to run again.
public struct GCRestartBegin: TraceEvent, Hashable {
  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 7 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCRestartBegin", .informational, RuntimeSchema.Keyword.gc, [])

  @inlinable public func encode(into encoder: inout EventEncoder) {}

  @inlinable public init(from decoder: inout EventDecoder) {}
}

/// The program's threads have stopped.
public struct GCSuspendEnd: TraceEvent, Hashable {
  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 8 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCSuspendEnd", .informational, RuntimeSchema.Keyword.gc, [])

  @inlinable public func encode(into encoder: inout EventEncoder) {}

  @inlinable public init(from decoder: inout EventDecoder) {}
}

/// The program's threads are asked to stop.
public struct GCSuspendBegin: TraceEvent, Hashable {
  public var reason: GCSuspendReason
  /// Ordinal of the collection for which threads are suspended.
  public var count: UInt32

  @inlinable public init(reason: GCSuspendReason, count: UInt32) {
    self.reason = reason
    self.count = count
  }

  @inlinable public static var eventID: UInt16 { 9 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCSuspendBegin", .informational, RuntimeSchema.Keyword.gc,
    [
      FieldSchema("reason", GCSuspendReason.type),
      FieldSchema("count", .uint32, .count),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(reason)
    encoder.encode(count)
  }

  public init(from decoder: inout EventDecoder) {
    reason = decoder.decode()
    count = decoder.decode()
  }
}

/// Reports the memory allocated since the last such event (sampled allocation).
public struct GCAllocationTick: TraceEvent, Hashable {
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

  @inlinable public static var eventID: UInt16 { 10 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCAllocationTick", .verbose, RuntimeSchema.Keyword.gc,
    [
      FieldSchema("allocationAmount", .uint64, .bytes),
      FieldSchema("allocationKind", GCAllocationKind.type),
      FieldSchema("typeID", .pointer),
      FieldSchema("typeName", .string),
      FieldSchema("heapIndex", .uint32),
      FieldSchema("address", .pointer),
      FieldSchema("objectSize", .uint64, .bytes),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(allocationAmount)
    encoder.encode(allocationKind)
    encoder.encode(typeID)
    encoder.encode(typeName)
    encoder.encode(heapIndex)
    encoder.encode(address)
    encoder.encode(objectSize)
  }

  public init(from decoder: inout EventDecoder) {
    allocationAmount = decoder.decode()
    allocationKind = decoder.decode()
    typeID = decoder.decode()
    typeName = decoder.decode()
    heapIndex = decoder.decode()
    address = decoder.decode()
    objectSize = decoder.decode()
  }
}

/// A collection was requested.
public struct GCTriggered: TraceEvent, Hashable {
  public var reason: GCReason

  @inlinable public init(reason: GCReason) {
    self.reason = reason
  }

  @inlinable public static var eventID: UInt16 { 35 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCTriggered", .informational, RuntimeSchema.Keyword.gc,
    [
      FieldSchema("reason", GCReason.type)
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(reason)
  }

  public init(from decoder: inout EventDecoder) {
    reason = decoder.decode()
  }
}
