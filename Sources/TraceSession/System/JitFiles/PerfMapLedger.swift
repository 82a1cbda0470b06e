import CTraceShims
import Glibc

/// The beginnings of perf maps whose entries are already attributed to a process.
///
/// A process's map is found by its number, so the file may have been left by another process with
/// that number, in any pid namespace, or by the program that the process ran before. What such a
/// file already contains does not name the process's code; what is added to it does, and so does
/// everything in it once it is written anew.
///
/// - Guarantee: memory is bounded. If there are too many files, those noted first are forgotten.
struct PerfMapLedger {
  /// The beginning of a file: its size and its last bytes.
  struct Content: Hashable {
    var size: UInt64 = 0
    var tail: [UInt8] = []

    static let tailBytes: UInt64 = 64
  }

  /// Where the entries of a process begin in a file.
  struct Start {
    var content = Content()
    /// Whether the file has nothing behind it yet.
    var isEnd = false
    /// Modification time of the file when it ended there; nil if not known.
    var modified: Int64?
  }

  private struct Entry {
    var content: Content
    var modified: Int64
    var turn: UInt64
  }

  private var entries: [FollowedFile.Identity: Entry] = [:]
  private var turn: UInt64 = 0

  static let filesMax = 4096

  var count: Int { entries.count }

  /// Notes that the beginning of a file is attributed.
  ///
  /// - Parameter modified: the file's modification time when it had this content.
  mutating func note(_ file: FollowedFile, _ content: Content, modified: Int64) {
    turn &+= 1
    if entries[file.identity] == nil, entries.count >= Self.filesMax,
      let first = entries.min(by: { $0.value.turn < $1.value.turn })
    {
      entries[first.key] = nil
    }
    entries[file.identity] = Entry(content: content, modified: modified, turn: turn)
  }

  /// Whether the beginning of a file is attributed.
  func has(_ file: FollowedFile) -> Bool { entries[file.identity] != nil }

  /// Forgets a file that no longer has a name.
  mutating func forget(_ file: FollowedFile) { entries[file.identity] = nil }

  /// Returns where the entries of a process begin in a file that has its map's name; nil if the
  /// file was last written before its program began.
  mutating func start(
    in file: FollowedFile, _ status: FollowedFile.Status, of program: ProgramTimes
  ) -> Start? {
    let age = program.compare(modified: status.modified)
    if age == .before {
      note(file, file.content(upTo: status.size), modified: status.modified)
      return nil
    }
    guard let entry = entries[file.identity], file.begins(with: entry.content, status) else {
      return Start()
    }
    let known = entry.content
    let isEnd = known.size == status.size
    // The same bytes were written again.
    if isEnd, known.size > 0, age == .after, status.modified != entry.modified { return Start() }
    return Start(content: known, isEnd: isEnd, modified: isEnd ? status.modified : nil)
  }
}

/// When a program began to run (CLOCK_REALTIME, like the times of files), or ended.
struct ProgramTimes: Hashable {
  var earliest: Int64
  var latest: Int64

  enum Order { case before, unclear, after }

  /// Times of files lag by up to a tick of the kernel, or longer if the tick itself is late.
  static let tick_ns: Int64 = {
    var tick = timespec()
    guard clock_getres(CLOCK_REALTIME_COARSE, &tick) == 0, tick.tv_sec == 0 else {
      return 20_000_000
    }
    return max(10_000_000, 2 * Int64(tick.tv_nsec))
  }()

  /// Resolution of the times in /proc.
  private static let procTick_ns: Int64 = 10_000_000

  init(earliest: Int64, latest: Int64) {
    self.earliest = earliest
    self.latest = max(earliest, latest)
  }

  init(exactly time: Int64) { self.init(earliest: time, latest: time) }

  init(procStart time: Int64) {
    self.init(earliest: time &- 1_000_000, latest: time &+ Self.procTick_ns &+ 1_000_000)
  }

  /// Returns whether a file with this modification time was last written before the program began,
  /// or after.
  func compare(modified: Int64) -> Order {
    if modified &+ Self.tick_ns < earliest { return .before }
    return modified < latest ? .unclear : .after
  }
}

extension FollowedFile {
  /// Returns the file's beginning of the given size.
  func content(upTo size: UInt64) -> PerfMapLedger.Content {
    let count = min(size, PerfMapLedger.Content.tailBytes)
    return PerfMapLedger.Content(size: size, tail: bytes(at: size - count, count: Int(count)))
  }

  /// Whether the file still begins with this content.
  func begins(with content: PerfMapLedger.Content, _ status: Status) -> Bool {
    let count = UInt64(content.tail.count)
    return status.size >= content.size && count <= content.size
      && bytes(at: content.size - count, count: Int(count)) == content.tail
  }
}
