import CTraceShims
import Glibc
import TraceEvents
import TraceFormat
import TraceSymbols

/// A perf map that is read while its process writes it. Entries have no time: an entry was written
/// between the last round in which it was missing and the file's last change.
///
/// - Cost: one fstat(2) per round if nothing was added.
final class FollowedPerfMap {
  enum Look {
    case done
    case more
    /// The file was deleted; another file may have its name.
    case replaced
  }

  private let file: FollowedFile
  private var account: CodeFileAccount
  /// Whether its content may have existed when the session began.
  private var isRundown: Bool
  private var parser = PerfMapParser()
  private var modified: Int64 = .min
  /// Time (CLOCK_MONOTONIC) at which the file was last read completely.
  private var readAt: UInt64
  /// The latest possible time of the file's last change.
  private var written: UInt64 = 0
  /// The last bytes before the current position: if they change, the file was rewritten.
  private var tail: [UInt8] = []

  /// Size up to which the file is read, because others may keep adding to it.
  private var sizeLimit = UInt64.max
  private var hasEnded = false
  /// Whether others have written whatever will differ from what was read.
  private var isFinal = false
  /// Whether nothing more is read: what the file has now was written after the process's end.
  private var isClosed = false
  /// Whether the file has had nothing of this process so far.
  private(set) var isUnused: Bool
  private var history = History()
  /// What the file had before the process's entries.
  private let start: PerfMapLedger.Content

  private typealias Content = PerfMapLedger.Content

  /// The contents that were read lately, with the times (CLOCK_REALTIME) when the file had them.
  private struct History {
    private var contents: [(at: Int64, content: Content)] = []
    private static let contentsMax = 32

    mutating func add(_ content: Content, at time: Int64) {
      if contents.last?.content == content { return }
      if contents.count == Self.contentsMax { contents.removeFirst() }
      contents.append((time, content))
    }

    /// The last content from before a time.
    func content(before time: Int64) -> Content {
      (contents.last { $0.at <= time } ?? contents.first)?.content ?? Content()
    }
  }

  /// - Parameters:
  ///   - absentAt: CLOCK_MONOTONIC when there was no such file yet.
  ///   - start: where the process's entries begin.
  init(
    path: String, _ file: FollowedFile, isRundown: Bool, absentAt: UInt64,
    from start: PerfMapLedger.Start = .init()
  ) {
    account = CodeFileAccount(path: path, source: .perfMap)
    self.file = file
    self.isRundown = isRundown
    self.start = start.content
    readAt = absentAt
    parser = PerfMapParser(startingAt: start.content.size)
    tail = start.content.tail
    isUnused = start.isEnd && start.content.size > 0
    modified = start.modified ?? .min
    history.add(start.content, at: .min)
  }

  var path: String { account.path }

  /// Excludes data that is added from now on.
  func freeze() { sizeLimit = min(sizeLimit, file.status?.size ?? 0) }

  // MARK: Reading

  func look(_ owner: CodeOwner, _ shared: CodeFileShared) -> Look {
    guard !isClosed, let status = file.status else { return .done }
    let (now, moment) = (trace_monotonic_ns(), Int64(clamping: trace_realtime_ns()))
    let rest: Look = status.isLinked ? .done : .replaced
    let size = min(status.size, sizeLimit)
    guard !account.isGivenUp, size != parser.position || status.modified != modified else {
      readAt = now
      return rest
    }
    let isSame = size >= parser.position && isTailUnchanged
    if isFinal, !isSame {
      isClosed = true
      return rest
    }
    // A process that no longer exists may not have written it: the notice of its end, which states
    // the time, is under way.
    if shared.hasVanished(owner) { return .done }
    let before = (account, parser, tail, isRundown)
    if !isSame || isWrittenAgain(status) { restart(wasTruncated: size < parser.position) }
    written = file.writtenBy(status, after: readAt, now: now)
    guard let hasMore = read(upTo: size, owner, shared) else {
      (account, parser, tail, isRundown) = before
      return .done
    }
    noteRead(status, at: moment, shared)
    if hasMore { return .more }
    (modified, readAt) = (status.modified, now)
    isRundown = false
    return rest
  }

  /// Whether content of another process was written again without a difference.
  private func isWrittenAgain(_ status: FollowedFile.Status) -> Bool {
    isUnused && modified != .min && status.size == parser.position && status.modified != modified
  }

  private var isTailUnchanged: Bool {
    let count = UInt64(tail.count)
    return tail.isEmpty || file.bytes(at: parser.position - count, count: tail.count) == tail
  }

  private func restart(wasTruncated: Bool) {
    if !isUnused {
      let what = wasTruncated ? "truncated" : "rewritten"
      let again = wasTruncated ? ", and it was read again" : ""
      account.restart(
        "was \(what) while it was read; its earlier content is used\(again)", parser.warnings)
    }
    parser = PerfMapParser()
    tail = []
    isRundown = false
  }

  /// Reads what was added. Returns whether there is more, or nil if nothing was taken because the
  /// process has vanished.
  private func read(upTo size: UInt64, _ owner: CodeOwner, _ shared: CodeFileShared) -> Bool? {
    var roundBytes = 0
    while parser.position < size {
      guard roundBytes < CodeFileLimits.roundBytes else { return true }
      let window = shared.window(0)
      let wanted = Int(min(UInt64(window.count), size - parser.position))
      let target = UnsafeMutableRawBufferPointer(rebasing: window[..<wanted])
      let count = file.read(at: parser.position, into: target)
      guard count > 0 else { return false }
      // Only what was read while the process existed is sure to be its own.
      if shared.hasVanished(owner) { return roundBytes == 0 ? nil : true }
      let bytes = UnsafeRawBufferPointer(rebasing: target[..<count])
      isUnused = false
      parser.parse(bytes) { tell($0, owner, shared) }
      let tailBytes = Int(Content.tailBytes)
      tail = Array((tail + bytes.suffix(tailBytes)).suffix(tailBytes))
      roundBytes += count
      guard account.read(bytes: count, shared) else { return false }
    }
    return false
  }

  private func tell(_ entry: PerfMapEntry, _ owner: CodeOwner, _ shared: CodeFileShared) {
    let name = entry.name.cut(toBytes: CodeFileLimits.nameBytes)
    account.countEntry()
    guard shared.admits(textBytes: name.utf8.count, isEntry: true) else { return }
    // All entries of one round have the same time; of several for one address, the last one counts.
    shared.output.add(
      CodeLoad(
        address: entry.address, size: entry.size, codeIndex: 0, source: .perfMap, name: name,
        since: isRundown ? shared.startNanoseconds : written,
        doubt: isRundown ? 0 : written - min(readAt, written)), of: owner, isRundown: isRundown)
  }

  // MARK: Whose content it is

  private func noteRead(
    _ status: FollowedFile.Status, at moment: Int64, _ shared: CodeFileShared
  ) {
    guard !isUnused, !hasEnded else { return }
    let content = Content(size: parser.position, tail: tail)
    history.add(content, at: moment)
    shared.ledger.note(file, content, modified: status.modified)
  }

  /// Called when the process has ended or runs another program: excludes what is written from now
  /// on, and notes which part of the file belongs to what has ended.
  ///
  /// - Parameter end: the exact time of the end (CLOCK_REALTIME); nil if it was before now.
  func end(at end: Int64?, _ shared: CodeFileShared) {
    hasEnded = true
    guard let status = file.status else { return }
    sizeLimit = min(sizeLimit, status.size)
    let sure = history.content(before: end ?? .max)
    let order = end.map { ProgramTimes(exactly: $0).compare(modified: status.modified) }
    var owned = file.content(upTo: status.size)
    if status.size >= parser.position, isTailUnchanged {
      isFinal = true
      // A process that had written nothing before is the less likely writer.
      if order == .after || order == .unclear && sure == start {
        owned = sure
        if order == .after || start.size > 0 { sizeLimit = min(sizeLimit, parser.position) }
      }
    } else if order != .before {
      // The next process is the likelier one to write the file anew.
      owned = sure
      isClosed = true
    }
    shared.ledger.note(file, owned, modified: status.modified)
  }

  /// Reads the end of the file. No more data follows.
  func finish(_ owner: CodeOwner, _ shared: CodeFileShared) {
    // A process that continues to run may be in the middle of a line.
    if owner.endTicks != nil, !account.isGivenUp { parser.end { tell($0, owner, shared) } }
    if let status = file.status, !status.isLinked { shared.ledger.forget(file) }
    if !isUnused { account.finish(parser.warnings, owner, shared) }
  }
}
