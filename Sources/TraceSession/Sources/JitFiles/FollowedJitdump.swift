import TraceEvents
import TraceFormat
import TraceSymbols

/// A jitdump file that is read while its process writes it.
///
/// - Guarantee: memory does not grow with the file, and code is passed over, not read.
/// - Cost: one fstat(2) a look when nothing was added.
final class FollowedJitdump {
  private let file: FollowedFile
  private var account: CodeFileAccount
  private var parser = JitdumpParser()
  /// Times are the processor's counter's.
  private var usesCounter = false
  private var size: UInt64 = 0
  /// What the file had when it was found has not been read to its end yet.
  private var isFirstLook = true

  init(path: String, _ file: FollowedFile) {
    account = CodeFileAccount(path: path, source: .jitdump)
    self.file = file
  }

  var path: String { account.path }

  func isSame(as other: FollowedFile.Status) -> Bool {
    guard let own = file.status else { return false }
    return own.device == other.device && own.inode == other.inode
  }

  /// Reads what is new; true when there is more.
  func look(_ owner: CodeOwner, _ shared: CodeFileShared) -> Bool {
    guard !account.isGivenUp, !parser.isRefused, let status = file.status else { return false }
    if status.size < size { restart() }
    size = status.size
    let hasMore = read(owner, shared)
    if !hasMore { isFirstLook = false }
    return hasMore
  }

  private func read(_ owner: CodeOwner, _ shared: CodeFileShared) -> Bool {
    var roundBytes = 0
    while !parser.isRefused, parser.position < size,
      size - parser.position >= UInt64(parser.wanted)
    {
      guard roundBytes < CodeFileLimits.roundBytes else { return true }
      let (position, wanted) = (parser.position, parser.wanted)
      var window = shared.window(wanted)
      if let header = parser.header {
        usesCounter = header.usesArchitectureClock
      } else {
        // By itself, since it says how to read what follows.
        window = UnsafeMutableRawBufferPointer(rebasing: window[..<wanted])
      }
      let count = file.read(at: position, into: window)
      guard count >= wanted else { return false }
      parser.parse(UnsafeRawBufferPointer(rebasing: window[..<count])) { record in
        tell(record, owner, shared)
      }
      roundBytes += count
      guard account.read(bytes: count) else { return false }
      guard parser.position != position || parser.wanted != wanted else { return false }
    }
    return false
  }

  /// The file was cut off: what it has now is another's beginning.
  private func restart() {
    account.restart(
      "was cut off while it was read; what it had before is used, and it was read again",
      parser.warnings)
    parser = JitdumpParser()
    isFirstLook = false
  }

  // MARK: Events

  private func tell(_ record: JitdumpRecord, _ owner: CodeOwner, _ shared: CodeFileShared) {
    let isRundown = owner.isRundown && isFirstLook
    switch record {
    case .load(let load):
      let name = load.name.cut(toBytes: CodeFileLimits.nameBytes)
      account.countEntry()
      guard shared.admits(textBytes: name.utf8.count, isEntry: true) else { return }
      shared.output.add(
        CodeLoad(
          address: load.address, size: load.size, codeIndex: load.codeIndex, source: .jitdump,
          name: name, since: since(load.timestamp, shared)), of: owner, isRundown: isRundown)
    case .move(let move):
      account.countEntry()
      guard shared.admits(textBytes: 0, isEntry: true) else { return }
      shared.output.add(
        CodeMove(
          oldAddress: move.oldAddress, newAddress: move.newAddress, size: move.size,
          codeIndex: move.codeIndex, since: since(move.timestamp, shared)),
        of: owner, isRundown: isRundown)
    case .lines(let lines): tell(lines, owner, shared, isRundown)
    case .clear(let timestamp):
      shared.output.add(
        CodeClear(source: .jitdump, since: since(timestamp, shared)), of: owner,
        isRundown: isRundown)
    case .unwinding: break
    }
  }

  private func tell(
    _ lines: JitdumpLines, _ owner: CodeOwner, _ shared: CodeFileShared, _ isRundown: Bool
  ) {
    var byteCount = 0
    var count = 0
    for file in lines.files.prefix(CodeFileLimits.rows) {
      byteCount += 32 + file.utf8.count
      guard byteCount <= CodeFileLimits.rowBytes else { break }
      count += 1
    }
    guard count > 0, shared.admits(textBytes: byteCount, isEntry: false) else { return }
    shared.output.add(
      CodeLines(
        address: lines.address, addresses: Array(lines.addresses.prefix(count)),
        lines: Array(lines.lines.prefix(count)), files: Array(lines.files.prefix(count)),
        since: since(lines.timestamp, shared)), of: owner, isRundown: isRundown)
  }

  /// CLOCK_MONOTONIC; 0 when the file's time cannot be told in it.
  private func since(_ timestamp: UInt64, _ shared: CodeFileShared) -> UInt64 {
    guard usesCounter else { return timestamp }
    return shared.clock.nanoseconds(atTicks: timestamp) ?? 0
  }

  // MARK: The end

  /// The last look, after which the file is closed.
  func finish(_ owner: CodeOwner, _ shared: CodeFileShared) {
    // A process that runs on may be in the middle of a record.
    if owner.endTicks != nil, !account.isGivenUp { readTornEnd(owner, shared) }
    account.finish(parser.warnings, owner, shared)
  }

  private func readTornEnd(_ owner: CodeOwner, _ shared: CodeFileShared) {
    for _ in 0..<CodeFileLimits.endLooks {
      guard parser.end(atSize: size) else { return }
      while read(owner, shared) {}
    }
    account.note("has an end so damaged that it was not read")
  }
}
