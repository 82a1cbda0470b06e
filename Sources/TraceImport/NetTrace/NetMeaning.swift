internal import TraceEvents

/// An event of this product that means the same as one of the .NET runtime: its schema, and where
/// the values of its fields come from, in their order.
struct NetMeaning {
  enum Value {
    /// A field of the recording; the first of these names that it has. Without any, 0 or empty.
    case field([String])
    /// The tier in a method's flags.
    case tier
    /// A field with a number of nanoseconds as a floating-point number.
    case nanoseconds(String)
    /// The lock of the thread's last ContentionStart, which ContentionStop does not repeat.
    case heldLock
  }

  var schema: EventSchema
  var values: [Value]
  var isRundown = false
  /// Whether the event's stack shows only the runtime at work.
  var dropsStack = false

  private init(_ schema: EventSchema, _ names: [String]) {
    self.schema = schema
    values = names.map { .field([$0]) }
  }

  private init(_ schema: EventSchema, values: [Value]) {
    self.schema = schema
    self.values = values
  }

  /// Nil if the trace has no event that means the same.
  init?(_ provider: String, _ id: UInt32) {
    let found: NetMeaning? =
      switch provider {
      case NetLayouts.runtimeProvider: Self.collection(id) ?? Self.runtime(id)
      case NetLayouts.rundownProvider where id == 143 || id == 144: Self.method(rundown: true)
      default: nil
      }
    guard let found else { return nil }
    self = found
  }

  private static func collection(_ id: UInt32) -> NetMeaning? {
    switch id {
    case 1:
      NetMeaning(
        GCStart.schema, ["Count", "Depth", "Reason", "Type", "ClientSequenceNumber"])
    case 2: NetMeaning(GCEnd.schema, ["Count", "Depth"])
    case 3: NetMeaning(GCRestartEnd.schema, [])
    case 4: NetMeaning(GCHeapStats.schema, heapFields)
    case 7: NetMeaning(GCRestartBegin.schema, [])
    case 8: NetMeaning(GCSuspendEnd.schema, [])
    case 9: NetMeaning(GCSuspendBegin.schema, ["Reason", "Count"])
    case 10:
      NetMeaning(
        GCAllocationTick.schema,
        values: [.field(["AllocationAmount64", "AllocationAmount"])]
          + ["AllocationKind", "TypeID", "TypeName", "HeapIndex", "Address", "ObjectSize"]
          .map { .field([$0]) })
    case 35: NetMeaning(GCTriggered.schema, ["Reason"])
    default: nil
    }
  }

  private static let heapFields =
    (0...3).flatMap { ["GenerationSize\($0)", "TotalPromotedSize\($0)"] }
    + [
      "FinalizationPromotedSize", "FinalizationPromotedCount", "PinnedObjectCount",
      "SinkBlockCount", "GCHandleCount", "GenerationSize4", "TotalPromotedSize4",
    ]

  private static func runtime(_ id: UInt32) -> NetMeaning? {
    switch id {
    case 80:
      NetMeaning(
        ExceptionThrown.schema,
        [
          "ExceptionType", "ExceptionMessage", "ExceptionEIP", "ExceptionHRESULT",
          "ExceptionFlags", "", "",
        ])
    case 81:
      NetMeaning(
        ContentionStart.schema,
        ["ContentionFlags", "LockID", "AssociatedObjectID", "LockOwnerThreadID", ""])
    case 91:
      NetMeaning(
        ContentionStop.schema,
        values: [
          .field(["ContentionFlags"]), .nanoseconds("DurationNs"), .heldLock, .field([]),
        ])
    case 143: method(rundown: false)
    case 144:
      NetMeaning(
        MethodUnload.schema,
        [
          "MethodID", "ModuleID", "MethodStartAddress", "MethodSize", "MethodFlags",
          "MethodNamespace", "MethodName", "MethodSignature", "ReJITID",
        ]
      ).withoutStack
    case 145:
      NetMeaning(
        MethodJittingStarted.schema,
        [
          "MethodID", "ModuleID", "MethodILSize", "MethodNamespace", "MethodName",
          "MethodSignature",
        ])
    case 250: NetMeaning(ExceptionCaught.schema, ["EntryEIP", "MethodID", "MethodName", ""])
    default: nil
    }
  }

  private static func method(rundown: Bool) -> NetMeaning {
    let before = ["MethodID", "ModuleID", "MethodStartAddress", "MethodSize", "MethodFlags"]
    let after = ["MethodNamespace", "MethodName", "MethodSignature", "ReJITID"]
    var meaning = NetMeaning(
      MethodLoad.schema,
      values: before.map { .field([$0]) } + [.tier] + after.map { .field([$0]) })
    meaning.isRundown = rundown
    return meaning.withoutStack
  }

  private var withoutStack: NetMeaning {
    var copy = self
    copy.dropsStack = true
    return copy
  }

  /// The tier in a method's flags. Code that was not compiled at run time was there before.
  static func tier(flags: UInt64) -> MethodTier {
    let tier = MethodTier(rawValue: UInt8(truncatingIfNeeded: flags >> 7 & 7))
    let (isDynamic, isJitted, isHelper) = (flags & 1 != 0, flags & 8 != 0, flags & 16 != 0)
    return tier == .unknown && !isDynamic && !isJitted && !isHelper ? .readyToRun : tier
  }
}
