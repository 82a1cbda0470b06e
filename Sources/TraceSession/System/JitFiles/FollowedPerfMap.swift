import CTraceShims
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

  private static let tailBytes = 64

  /// The content of a process's map when the process ended. The file may remain, under the name
  /// that the map of the next process with the same pid has.
  struct Leftover {
    fileprivate var device: UInt64
    fileprivate var inode: UInt64
    fileprivate var size: UInt64
    fileprivate var tail: [UInt8]
  }

  /// - Parameters:
  ///   - absentAt: CLOCK_MONOTONIC when there was no such file yet.
  ///   - leftover: content that is skipped if the file begins with it.
  init(
    path: String, _ file: FollowedFile, isRundown: Bool, absentAt: UInt64, leftover: Leftover? = nil
  ) {
    account = CodeFileAccount(path: path, source: .perfMap)
    self.file = file
    self.isRundown = isRundown
    readAt = absentAt
    guard let leftover, let status = file.status, status.device == leftover.device,
      status.inode == leftover.inode, status.size >= leftover.size,
      file.tail(before: leftover.size) == leftover.tail
    else { return }
    parser = PerfMapParser(startingAt: leftover.size)
    tail = leftover.tail
  }

  /// The file's current content; nil if the file no longer has the content that was read of this
  /// process.
  var leftover: Leftover? {
    guard let status = file.status, status.size >= parser.position,
      tail.isEmpty || file.tail(before: parser.position).suffix(tail.count).elementsEqual(tail)
    else { return nil }
    return Leftover(
      device: status.device, inode: status.inode, size: status.size,
      tail: file.tail(before: status.size))
  }

  var path: String { account.path }

  /// Excludes data that is added from now on.
  func freeze() { sizeLimit = min(sizeLimit, file.status?.size ?? 0) }

  func look(_ owner: CodeOwner, _ shared: CodeFileShared) -> Look {
    guard let status = file.status else { return .done }
    let now = trace_monotonic_ns()
    let rest: Look = status.isLinked ? .done : .replaced
    let size = min(status.size, sizeLimit)
    guard !account.isGivenUp, size != parser.position || status.modified != modified else {
      readAt = now
      return rest
    }
    if size < parser.position {
      restart("was truncated while it was read; its earlier content is used, and it was read again")
    } else if !isTailUnchanged(shared) {
      restart("was rewritten while it was read; its earlier content is used")
    }
    written = file.writtenBy(status, after: readAt, now: now)
    if read(upTo: size, owner, shared) { return .more }
    (modified, readAt) = (status.modified, now)
    isRundown = false
    return rest
  }

  private func isTailUnchanged(_ shared: CodeFileShared) -> Bool {
    guard !tail.isEmpty else { return true }
    let window = UnsafeMutableRawBufferPointer(rebasing: shared.window(0)[..<tail.count])
    let count = file.read(at: parser.position - UInt64(tail.count), into: window)
    return count == tail.count && window.elementsEqual(tail)
  }

  private func restart(_ note: String) {
    account.restart(note, parser.warnings)
    parser = PerfMapParser()
    tail = []
    isRundown = false
  }

  private func read(upTo size: UInt64, _ owner: CodeOwner, _ shared: CodeFileShared) -> Bool {
    var roundBytes = 0
    while parser.position < size {
      guard roundBytes < CodeFileLimits.roundBytes else { return true }
      let window = shared.window(0)
      let wanted = Int(min(UInt64(window.count), size - parser.position))
      let target = UnsafeMutableRawBufferPointer(rebasing: window[..<wanted])
      let count = file.read(at: parser.position, into: target)
      guard count > 0 else { return false }
      let bytes = UnsafeRawBufferPointer(rebasing: target[..<count])
      parser.parse(bytes) { tell($0, owner, shared) }
      tail = Array((tail + bytes.suffix(Self.tailBytes)).suffix(Self.tailBytes))
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

  /// Reads the end of the file. No more data follows.
  func finish(_ owner: CodeOwner, _ shared: CodeFileShared) {
    // A process that continues to run may be in the middle of a line.
    if owner.endTicks != nil, !account.isGivenUp { parser.end { tell($0, owner, shared) } }
    account.finish(parser.warnings, owner, shared)
  }
}

extension FollowedFile {
  /// Returns the bytes before an offset, as many as a map keeps of what it has read.
  fileprivate func tail(before offset: UInt64) -> [UInt8] {
    let count = min(offset, 64)
    return bytes(at: offset - count, count: Int(count))
  }
}
