import Glibc
import TraceControl
import TraceFormat
import TraceRing

/// The budgets of a session's control plane: all data that the session keeps for connections.
///
/// | what | in all | one process, at most |
/// |---|---|---|
/// | connections | 16,384, or three quarters of the descriptors | 64 |
/// | memory for what connected processes announce | 64 MiB | 14 MiB |
/// | memory for what is defined in the trace | 64 MiB | 14 MiB |
/// | event types | 65,279 | 14,279 |
///
/// The memory of buffers has a separate budget: ``BufferBudget``.
struct SessionBudgets {
  /// The total of each resource.
  struct Totals {
    var connections = 16_384
    var memoryBytes = 64 << 20
    var definitionBytes = 64 << 20
    /// The session's own events need some of the available numbers.
    var eventTypes = RefTable.refsMax - 256

    /// The totals that this process and this machine allow.
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
  /// Returned when a connection ends.
  private(set) var memory: Budget
  /// Never returned, because the definitions are in the trace.
  private(set) var definitions: Budget
  private(set) var eventTypes: Budget

  static let connectionsOfProcess = 64
  /// Total size of the packets queued for processes, for all connections together.
  static let queuedBytes = 32 << 20
  /// Total size of the records of processes: their names, arguments and providers.
  static let recordBytes = 32 << 20
  /// Maximum number of notes about processes.
  static let notes = 4096

  /// - Parameter isShared: whether processes of several users may connect.
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

  /// Whether half of the budget stays free after this definition.
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
