internal import TraceEvents
internal import TraceFormat

/// Counts the allocations of one process.
struct AllocationCounts {
  /// Maximum number of types of a process.
  static let typesMax = 10_000
  /// Maximum number of stacks of a process.
  static let stacksMax = 100_000
  /// Name of the types beyond the maximum.
  static let otherTypes = "(other types)"

  private(set) var total = AllocationReport.Amount()
  private(set) var withoutStack = AllocationReport.Amount()
  private(set) var types: [String: AllocationReport.Amount] = [:]
  /// Amount and first time of each stack.
  private(set) var stacks: [StackID: (amount: AllocationReport.Amount, time: Int64)] = [:]
  private(set) var isCut = false

  mutating func add(_ event: GCAllocationTick, _ header: EventHeader) {
    add(AllocationReport.Amount(event), event.typeName, header)
  }

  /// A sample of the heap stands for its weight; what was in use before the session is no
  /// allocation of it.
  mutating func add(_ event: HeapAlloc, _ header: EventHeader) {
    let amount = HeapReport.Amount(event)
    add(
      AllocationReport.Amount(
        samples: 1, bytes: UInt64(exactly: amount.bytes.rounded()) ?? .max,
        objects: UInt64(exactly: amount.objects.rounded()) ?? .max),
      event.type, header)
  }

  private mutating func add(
    _ amount: AllocationReport.Amount, _ typeName: String, _ header: EventHeader
  ) {
    total += amount
    var type = typeName
    if types[type] == nil, types.count >= Self.typesMax { (type, isCut) = (Self.otherTypes, true) }
    types[type, default: AllocationReport.Amount()] += amount
    guard header.stack != .none else { return withoutStack += amount }
    guard stacks[header.stack] != nil || stacks.count < Self.stacksMax else { return isCut = true }
    stacks[header.stack, default: (AllocationReport.Amount(), header.timestamp)].amount += amount
  }
}

extension AllocationReport.Amount {
  init(_ event: GCAllocationTick) {
    samples = 1
    bytes = event.allocationAmount
    objects = event.objectSize == 0 ? 0 : max(1, event.allocationAmount / event.objectSize)
  }

  static func += (sum: inout Self, other: Self) {
    sum.samples &+= other.samples
    sum.bytes = sum.bytes.addingClamped(other.bytes)
    sum.objects = sum.objects.addingClamped(other.objects)
  }
}
