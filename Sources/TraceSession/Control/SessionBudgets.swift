import Glibc
import TraceControl
import TraceFormat
import TraceRing

/// The budgets of a session's control plane: everything that a connection can make it keep.
///
/// | what | in all | one process, at most |
/// |---|---|---|
/// | connections | 16,384, or three quarters of the descriptors | 64 |
/// | memory for what connected processes announce | 64 MiB | 14 MiB |
/// | memory for what is defined in the trace | 64 MiB | 14 MiB |
/// | event types | 65,279 | 14,279 |
///
/// The memory of buffers has a budget of its own: ``BufferBudget``.
struct SessionBudgets {
  /// How much there is of each.
  struct Totals {
    var connections = 16_384
    var memoryBytes = 64 << 20
    var definitionBytes = 64 << 20
    /// The session's own events need some of the numbers that there are.
    var eventTypes = RefTable.refsMax - 256

    /// What this process and this machine allow.
    static var here: Totals {
      var totals = Totals()
      var limit = rlimit()
      if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
        totals.connections = min(ControlLimits.processes, Int(clamping: limit.rlim_cur) / 4 * 3)
      }
      return totals
    }
  }

  private(set) var connections: Budget
  /// Given back when a connection ends.
  private(set) var memory: Budget
  /// Never given back: what it counts is in the trace.
  private(set) var definitions: Budget
  private(set) var eventTypes: Budget

  static let connectionsOfProcess = 64
  /// Packets that wait for processes to read them, of all connections together.
  static let queuedBytes = 32 << 20
  /// What is remembered of processes for whoever asks: their names, arguments and providers.
  static let recordBytes = 32 << 20
  /// Sentences about processes that are kept.
  static let notes = 4096

  /// - Parameter isShared: processes of several users may come.
  init(isShared: Bool, _ totals: Totals = .here) {
    func budget(_ total: Int, _ processMax: Int = .max) -> Budget {
      Budget(total: total, processMax: processMax, isShared: isShared)
    }
    connections = budget(totals.connections, Self.connectionsOfProcess)
    memory = budget(totals.memoryBytes)
    definitions = budget(totals.definitionBytes)
    eventTypes = budget(totals.eventTypes)
  }

  mutating func connect(_ holder: BudgetHolder) throws(BudgetExceeded) {
    try Self.take(1, .connections, &connections, holder)
  }

  mutating func disconnect(_ holder: BudgetHolder) { connections.giveBack(1, of: holder) }

  mutating func takeMemory(_ bytes: Int, _ holder: BudgetHolder) throws(BudgetExceeded) {
    try Self.take(bytes, .memory, &memory, holder)
  }

  mutating func giveBackMemory(_ bytes: Int, of holder: BudgetHolder) {
    memory.giveBack(bytes, of: holder)
  }

  mutating func define(_ bytes: Int, _ holder: BudgetHolder) throws(BudgetExceeded) {
    try Self.take(bytes, .definitions, &definitions, holder)
  }

  /// Whether so much may be defined and half of what there is stays free.
  func hasAmple(definitionBytes bytes: Int) -> Bool {
    definitions.taken + bytes <= definitions.total / 2
  }

  mutating func takeEventTypes(_ count: Int, _ holder: BudgetHolder) throws(BudgetExceeded) {
    try Self.take(count, .eventTypes, &eventTypes, holder)
  }

  private static func take(
    _ amount: Int, _ resource: BudgetExceeded.Resource, _ budget: inout Budget,
    _ holder: BudgetHolder
  ) throws(BudgetExceeded) {
    if let bound = budget.take(amount, for: holder) {
      throw BudgetExceeded(resource: resource, bound: bound)
    }
  }
}
