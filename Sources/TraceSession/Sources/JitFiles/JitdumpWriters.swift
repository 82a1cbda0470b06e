import TraceSymbols

/// The processes that may write into one jitdump: the one whose file it is, and what was forked
/// from it and inherited the descriptor.
///
/// A record is its announcer's alone. It says whose it is by a process id and a thread id; a writer
/// that keeps the process id from before the fork is known by the thread's.
struct JitdumpWriters {
  private struct Writer {
    var number: UInt32
    /// It was forked from whose file it is.
    var isHeir: Bool
    weak var process: FollowedProcess?
    var hasTold = false
  }

  private var writers: [Writer] = []
  /// Whose the last load or move was.
  private(set) var last: CodeOwner?

  /// Processes that may write into one file; of more, later ones' records are skipped.
  private static let writersMax = 256

  var count: Int { writers.count }

  /// Those of whom anything was told.
  var told: [CodeOwner] { writers.filter(\.hasTold).compactMap { $0.process?.owner } }

  /// False where there is no room, or it is one of them already.
  mutating func add(_ process: FollowedProcess, number: UInt32, isHeir: Bool) -> Bool {
    guard writers.count < Self.writersMax, !writers.contains(where: { $0.process === process })
    else { return false }
    writers.append(Writer(number: number, isHeir: isHeir, process: process))
    return true
  }

  mutating func remove(_ process: FollowedProcess) {
    writers.removeAll { $0.process === process || $0.process == nil }
  }

  /// - Parameter writer: whose file it is, by its own word.
  mutating func owner(of pid: UInt32, _ tid: UInt32, writer: UInt32?) -> CodeOwner? {
    last = nil
    let index =
      writers.firstIndex { $0.isHeir && $0.number == tid }
      ?? writers.firstIndex { $0.number == pid }
      // The file's name says whose it is, whatever number is in the records.
      ?? (pid == writer ? writers.firstIndex { !$0.isHeir } : nil)
    guard let index, let process = writers[index].process else { return nil }
    writers[index].hasTold = true
    last = process.owner
    return last
  }
}

/// What a file had at two places when it was read: its head, and the start of the last record.
/// Where they are others, the file was written anew, however long it is.
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

  /// A record may have been read while less of it was there than now.
  func stands(in file: FollowedFile) -> Bool {
    file.bytes(at: 0, count: head.count) == head
      && file.bytes(at: place, count: record.count) == record
  }
}
