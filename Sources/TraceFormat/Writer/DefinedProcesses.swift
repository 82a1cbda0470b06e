/// Processes that a trace does not describe fully, because the records of processes met their
/// limit.
/// Their events are complete.
public struct LimitedProcesses: Hashable, Sendable {
  /// Processes whose record has a short name, but no path and no arguments.
  public var shortened: UInt64
  /// Processes without a record.
  public var omitted: UInt64

  /// Maximum number of records in a trace.
  package static let records = DefinedProcesses.Limits().records
  /// Size of the records above which they are shortened.
  package static let fullBytes = DefinedProcesses.Limits().fullBytes

  public init(shortened: UInt64 = 0, omitted: UInt64 = 0) {
    (self.shortened, self.omitted) = (shortened, omitted)
  }
}

/// The processes that a writer has defined: their pids, for the events of theirs that follow, and
/// the room that their records take in the index and in a reader's memory.
///
/// A session that samples a machine meets processes without end. The limits hold for the processes
/// that have not joined a session themselves (``ProcessNumbers/firstOther``); a session has a
/// budget
/// for the others.
///
/// - Guarantee: memory is bounded by the processes that run at a time. A pid is known until
///   ``endedMax`` more processes have ended.
struct DefinedProcesses {
  /// Limits of the records of a file.
  struct Limits {
    var records = 131_072
    /// Bytes of all records and ends.
    var bytes = 16 << 20
    /// Above this number of bytes, records have a short name and no arguments, so that a few long
    /// command lines do not take the room of many processes.
    var fullBytes = 8 << 20
  }

  /// Processes that have ended and whose pids are still known, for events that arrive late.
  static let endedMax = 65_536
  /// Bytes of the name in a short record: more than the kernel's name of a program has.
  private static let shortNameBytes = 32
  /// Upper limit of the bytes of the record of an end.
  private static let endBytes = 20

  var limits = Limits()
  private var pids: [UInt32: UInt32] = [:]
  /// Processes that have ended, as a ring; the n-th is at n modulo ``endedMax``.
  private var ended: [UInt32] = []
  private var endedCount = 0
  private var records = 0
  private var bytes = 0
  /// Processes with a record that lacks arguments and the path, and processes without a record.
  private(set) var shortened: UInt64 = 0
  private(set) var omitted: UInt64 = 0
  /// Those of the latter that have not ended.
  private var unrecorded: Set<UInt32> = []

  /// The pid of a process; nil if it is not known.
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

  /// The process has ended.
  ///
  /// - Returns: false if the end is not to be written because the process has no record.
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

  /// Upper limit of the bytes of a process's record and its end.
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
