import TraceSymbols

/// The processes that may write into one jitdump: its owner, and processes that were forked from it
/// and inherited the descriptor.
///
/// A record concerns only the process that wrote it. It states the writer by process id and thread
/// id; a writer that still uses the process id from before the fork is recognized by its thread id.
struct JitdumpWriters {
  private struct Writer {
    var number: UInt32
    /// Whether it was forked from the file's owner.
    var isHeir: Bool
    weak var process: FollowedProcess?
    var hasTold = false
  }

  private var writers: [Writer] = []
  /// The owner of the last load or move.
  private(set) var last: CodeOwner?

  /// Maximum number of writers of one file; records of further ones are skipped.
  private static let writersMax = 256

  var count: Int { writers.count }

  /// The owners that have had events.
  var told: [CodeOwner] { writers.filter(\.hasTold).compactMap { $0.process?.owner } }

  /// Adds a writer; false if the limit is reached, or it was added before.
  mutating func add(_ process: FollowedProcess, number: UInt32, isHeir: Bool) -> Bool {
    guard writers.count < Self.writersMax, !writers.contains(where: { $0.process === process })
    else { return false }
    writers.append(Writer(number: number, isHeir: isHeir, process: process))
    return true
  }

  mutating func remove(_ process: FollowedProcess) {
    writers.removeAll { $0.process === process || $0.process == nil }
  }

  /// - Parameter writer: the owner's pid according to the file.
  mutating func owner(of pid: UInt32, _ tid: UInt32, writer: UInt32?) -> CodeOwner? {
    last = nil
    let index =
      writers.firstIndex { $0.isHeir && $0.number == tid }
      ?? writers.firstIndex { $0.number == pid }
      // The file's name determines the owner, whatever pid is in the records.
      ?? (pid == writer ? writers.firstIndex { !$0.isHeir } : nil)
    guard let index, let process = writers[index].process else { return nil }
    writers[index].hasTold = true
    last = process.owner
    return last
  }
}

/// The bytes of a file at two positions when it was read: its header, and the start of the last
/// record. If they change, the file was rewritten, whatever its size.
struct JitdumpMark {
  private var head: [UInt8] = []
  private var record: [UInt8] = []
  private var place: UInt64 = 0

  private static let headBytes = 40
  private static let recordBytes = 64

  mutating func note(_ file: FollowedFile, lastRecord: UInt64?) {
    head = file.bytes(at: 0, count: Self.headBytes)
    guard let lastRecord else { return }
    place = lastRecord
    record = file.bytes(at: lastRecord, count: Self.recordBytes)
  }

  /// Whether the file is unchanged. A record may have been shorter when it was read than it is now.
  func stands(in file: FollowedFile) -> Bool {
    file.bytes(at: 0, count: head.count) == head
      && file.bytes(at: place, count: record.count) == record
  }
}
