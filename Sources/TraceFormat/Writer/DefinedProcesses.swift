/// Numbers of processes that a trace does not describe fully, because a limit on process records
/// was reached. Their events are complete.
public struct LimitedProcesses: Hashable, Sendable {
  /// Number of processes whose record has a short name, but no path and no arguments.
  public var shortened: UInt64
  /// Number of processes without a record.
  public var omitted: UInt64

  /// Maximum number of records in a trace.
  package static let records = DefinedProcesses.Limits().records
  /// Total size of the records above which they are shortened.
  package static let fullBytes = DefinedProcesses.Limits().fullBytes

  public init(shortened: UInt64 = 0, omitted: UInt64 = 0) {
    (self.shortened, self.omitted) = (shortened, omitted)
  }
}

/// The processes that a writer has defined: their pids, which the writer needs for their later
/// events, and the space that their records take in the index and in a reader's memory.
///
/// A session that samples a whole machine encounters an unlimited number of processes. The limits
/// apply to processes that have not joined a session themselves (``ProcessNumbers/firstOther``); a
/// session limits the others by a budget.
///
/// - Guarantee: memory is bounded by the number of processes that run at a time. A pid is known
///   until ``endedMax`` more processes have ended.
struct DefinedProcesses {
  /// Limits of the records of a file.
  struct Limits {
    var records = 131_072
    /// Maximum total size of the records of processes and of their ends.
    var bytes = 16 << 20
    /// Total size above which records have a short name and no arguments, so that a few long
    /// command lines do not take the space of many processes.
    var fullBytes = 8 << 20
  }

  /// Maximum number of ended processes whose pids are kept, for events that arrive late.
  static let endedMax = 65_536
  /// Maximum size of the name in a short record; more than that of the kernel's name of a program.
  private static let shortNameBytes = 32
  /// Upper bound on the size of the record of an end.
  private static let endBytes = 20

  var limits = Limits()
  private var pids: [UInt32: UInt32] = [:]
  /// Ended processes, as a ring buffer; the n-th is at index n modulo ``endedMax``.
  private var ended: [UInt32] = []
  private var endedCount = 0
  private var records = 0
  private var bytes = 0
  /// Numbers of processes with a record that lacks the path and arguments, and of those without a
  /// record.
  private(set) var shortened: UInt64 = 0
  private(set) var omitted: UInt64 = 0
  /// Processes without a record that have not ended.
  private var unrecorded: Set<UInt32> = []

  /// Returns the pid of a process; nil if it is unknown.
  subscript(index: UInt32) -> UInt32? { pids[index] }

  /// Number of processes whose pids are known.
  var count: Int { pids.count }

  /// Adds a process.
  ///
  /// - Returns: the record to write; nil if there is no room for one.
  mutating func add(_ process: ProcessRecord) -> ProcessRecord? {
    let isNew = pids.updateValue(process.pid, forKey: process.index) == nil
    guard process.index >= ProcessNumbers.firstOther else { return process }
    let full = Self.byteCount(process)
    if hasRoom(full, below: limits.fullBytes) {
      take(full)
      return process
    }
    var short = process
    short.arguments = []
    short.executable = Self.shortName(process.executable)
    let least = Self.byteCount(short)
    guard hasRoom(least, below: limits.bytes) else {
      if isNew {
        omitted += 1
        unrecorded.insert(process.index)
      }
      return nil
    }
    take(least)
    if short != process { shortened += 1 }
    return short
  }

  /// Records the end of a process.
  ///
  /// - Returns: false if the end must not be written because the process has no record.
  mutating func end(_ index: UInt32) -> Bool {
    let place = endedCount % Self.endedMax
    if ended.count < Self.endedMax {
      ended.append(index)
    } else {
      pids[ended[place]] = nil
      ended[place] = index
    }
    endedCount += 1
    return unrecorded.remove(index) == nil
  }

  private func hasRoom(_ added: Int, below limit: Int) -> Bool {
    records < limits.records && bytes + added <= limit
  }

  private mutating func take(_ added: Int) {
    records += 1
    bytes += added
  }

  /// Upper bound on the size of a process's record and of its end.
  private static func byteCount(_ process: ProcessRecord) -> Int {
    let numbers = 48
    let texts = process.arguments.reduce(process.executable.utf8.count) { $0 + 3 + $1.utf8.count }
    return numbers + texts + endBytes
  }

  private static func shortName(_ path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.cut(toBytes: shortNameBytes)
  }
}
