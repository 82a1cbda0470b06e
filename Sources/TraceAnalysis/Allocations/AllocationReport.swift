/// Memory that programs allocated, by process, type and stack, according to GCAllocationTick and
/// HeapAlloc.
///
/// Such an event stands for all memory allocated since the process's last one, and has the type and
/// the stack of a single object. The numbers of types and stacks are therefore estimates.
public struct AllocationReport: ProcessReport {
  public var heading: ReportHeading
  public var processes: [Process]

  /// The allocations of one process.
  public struct Process: ReportedProcess {
    public var covered: CoveredProcess
    public var total = Amount()
    /// By bytes, most first.
    public var types: [TypeRow] = []
    /// By bytes, most first, and no more than the pass keeps; empty without stacks.
    public var stacks: [Stack] = []
    /// Number of different stacks.
    public var stackCount = 0
    /// What was allocated by events without a stack.
    public var withoutStack = Amount()
  }

  /// What events stand for.
  public struct Amount: Hashable, Sendable {
    /// Number of events.
    public var samples: UInt64 = 0
    /// Bytes allocated.
    public var bytes: UInt64 = 0
    /// Number of objects: for each event its bytes divided by the size of its object, rounded down
    /// and at least 1. Events without a size do not count.
    public var objects: UInt64 = 0
  }

  /// The objects of one type.
  public struct TypeRow: Sendable {
    public var type: String
    public var amount: Amount
  }

  /// The objects allocated at one place.
  public struct Stack: Sendable {
    public var amount: Amount
    /// The innermost frames first, and no more than 64.
    public var frames: [StackFrame]
  }
}
