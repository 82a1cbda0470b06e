import CTraceShims
import TraceAnalysis
import TraceEvents
import TraceFormat
import TraceSymbols

/// A jitdump file that is read while processes write it: its owner, and processes forked from the
/// owner.
///
/// - Guarantee: memory does not grow with the file; code is skipped, not read.
/// - Cost: one fstat(2) per round if nothing was added.
final class FollowedJitdump {
  private let file: FollowedFile
  private var account: CodeFileAccount
  private var parser = JitdumpParser()
  private var clock: JitdumpClock
  private var writers = JitdumpWriters()
  private var mark = JitdumpMark()
  /// The owner's pid according to the file.
  private var writer: UInt32?
  private var size: UInt64 = 0
  /// Size up to which the file is read, because others may keep adding to it.
  private var sizeLimit = UInt64.max
  /// The file's modification time when it was last read completely; nil at first.
  private var modified: Int64?
  /// Time (CLOCK_MONOTONIC) at which the file was last read completely.
  private var readAt: UInt64 = 0
  /// Whether the content that the file had when it was found is not read completely yet.
  private var isFirstLook = true
  /// Records of processes that are not known to write into the file, in the file's order: their
  /// fork may be reported after they write.
  private var unclaimed: [JitdumpRecord] = []
  private var strangers: UInt64 = 0
  /// Whether no clock explains the times, so that nothing more is reported.
  private var isRefused = false

  init(path: String, _ file: FollowedFile, clock: JitdumpClock = JitdumpClock(floor: 0)) {
    account = CodeFileAccount(path: path, source: .jitdump)
    self.file = file
    self.clock = clock
  }

  var path: String { account.path }

  func isSame(as other: FollowedFile.Status) -> Bool {
    guard let own = file.status else { return false }
    return own.device == other.device && own.inode == other.inode
  }

  /// Excludes data that is added from now on.
  func freeze() { sizeLimit = min(sizeLimit, file.status?.size ?? 0) }

  /// Like ``freeze()``, unless other processes may write into the file.
  func freezeIfOnlyWriter() { if writers.count <= 1 { freeze() } }

  // MARK: Who writes

  /// Adds a process that may write into the file; its records have this number.
  ///
  /// - Parameter isHeir: whether it was forked from the file's owner.
  /// - Returns: false if the limit is reached, or it was added before.
  func join(
    _ process: FollowedProcess, number: UInt32, isHeir: Bool, _ shared: CodeFileShared
  ) -> Bool {
    guard writers.add(process, number: number, isHeir: isHeir) else { return false }
    let waiting = unclaimed
    unclaimed = []
    for record in waiting { tell(record, shared) }
    return true
  }

  /// Called when the process has ended or runs another program: reads what it wrote. Returns true,
  /// and finishes the file, if no other process may write into it.
  ///
  /// - Parameter deadline: CLOCK_MONOTONIC; data that is not read by then is left out.
  func leave(
    _ process: FollowedProcess, _ shared: CodeFileShared, deadline: UInt64 = .max
  ) -> Bool {
    freezeIfOnlyWriter()
    let end = min(deadline, trace_monotonic_ns() &+ CodeFileLimits.leave_ns)
    while look(shared, isLast: true), trace_monotonic_ns() < end {}
    guard writers.count == 1 else {
      writers.remove(process)
      return false
    }
    // A process that continues to run may be in the middle of a record.
    if process.owner.endTicks != nil, !account.isGivenUp, !isRefused { readTornEnd(shared) }
    if let note = clock.note { account.note(note) }
    strangers += UInt64(unclaimed.count { $0.timeOfCode != nil })
    if strangers > 0 {
      let they = strangers == 1 ? "it was" : "they were"
      account.note("has \(counted(strangers, "record")) of other processes; \(they) skipped")
    }
    account.finish(parser.warnings, process.owner, shared)
    writers.remove(process)
    return true
  }

  private func readTornEnd(_ shared: CodeFileShared) {
    for _ in 0..<CodeFileLimits.endLooks {
      guard parser.end(atSize: size) else { return }
      while read(shared) {}
    }
    account.note("has a damaged end, which was not read")
  }

  // MARK: Reading

  /// Reads new data; true if there is more.
  ///
  /// - Parameter isLast: whether pending decisions about the file's clock must be made now.
  func look(_ shared: CodeFileShared, isLast: Bool = false) -> Bool {
    guard !account.isGivenUp, !parser.isRefused, !isRefused, let status = file.status else {
      return false
    }
    let now = trace_monotonic_ns()
    if status.size < size {
      restart("was truncated while it was read; its earlier content is used, and it was read again")
    } else if status.modified != modified, !mark.stands(in: file) {
      restart("was rewritten while it was read; its earlier content is used")
    }
    size = min(status.size, sizeLimit)
    guard parser.position < size, size - parser.position >= UInt64(parser.wanted) else {
      (modified, readAt) = (status.modified, now)
      return false
    }
    let written = file.writtenBy(status, after: readAt, now: now)
    switch judge(shared, written: written, now: now, isLast: isLast) {
    case .wait: return false
    case .refuse:
      refuse(shared)
      return false
    case .believe: break
    }
    let hasMore = read(shared)
    mark.note(file, lastRecord: parser.lastRecord)
    guard !hasMore else { return true }
    (modified, readAt) = (status.modified, now)
    isFirstLook = false
    return false
  }

  /// Checks the times in the new data before any of it is reported.
  private func judge(
    _ shared: CodeFileShared, written: UInt64, now: UInt64, isLast: Bool
  ) -> JitdumpClock.Verdict {
    var scout = parser
    var batch = JitdumpClock.Batch(written: written, now: now, isLast: isLast)
    batch.isPartial = walk(&scout, shared, counting: { _ in true }) { record in
      guard let time = record.timeOfCode else { return }
      if batch.times.count < JitdumpClock.timesMax { batch.times.append(time) }
      batch.latest = max(batch.latest, time)
    }
    writer = scout.writer
    let isCounter = scout.header?.usesArchitectureClock ?? false
    return clock.judge(batch, isCounter: isCounter, shared.clock)
  }

  private func read(_ shared: CodeFileShared) -> Bool {
    walk(&parser, shared, counting: { account.read(bytes: $0, shared) }) { tell($0, shared) }
  }

  /// Parses new data, up to the limit of one file per round; true if there is more.
  ///
  /// - Parameter counting: counts the bytes read; returns false to stop.
  private func walk(
    _ parser: inout JitdumpParser, _ shared: CodeFileShared, counting: (Int) -> Bool,
    _ body: (JitdumpRecord) -> Void
  ) -> Bool {
    var bytes = 0
    while !parser.isRefused, parser.position < size,
      size - parser.position >= UInt64(parser.wanted)
    {
      guard bytes < CodeFileLimits.roundBytes else { return true }
      let (position, wanted) = (parser.position, parser.wanted)
      var window = shared.window(wanted)
      // The header is read separately, because it determines how to read the rest.
      if parser.header == nil {
        window = UnsafeMutableRawBufferPointer(rebasing: window[..<wanted])
      }
      let room = UnsafeMutableRawBufferPointer(
        rebasing: window[..<Int(min(UInt64(window.count), size - position))])
      let count = file.read(at: position, into: room)
      guard count >= wanted else { break }
      parser.parse(UnsafeRawBufferPointer(rebasing: room[..<count]), body)
      bytes += count
      guard counting(count) else { return false }
      guard parser.position != position || parser.wanted != wanted else { break }
    }
    return false
  }

  /// Starts over after the file was truncated or rewritten.
  private func restart(_ note: String) {
    account.restart(note, parser.warnings)
    parser = JitdumpParser()
    mark = JitdumpMark()
    isFirstLook = false
  }

  /// Stops reporting, because no clock explains the times. Code reported so far is valid only as
  /// long as that is certain.
  private func refuse(_ shared: CodeFileShared) {
    isRefused = true
    account.note(JitdumpClock.refusal)
    for owner in writers.told {
      shared.output.add(CodeClear(source: .jitdump, since: readAt), of: owner, isRundown: false)
    }
  }

  // MARK: Events

  private func tell(_ record: JitdumpRecord, _ shared: CodeFileShared) {
    switch record {
    case .load(let load):
      guard let owner = writers.owner(of: load.pid, load.tid, writer: writer) else {
        return keep(record)
      }
      let since = clock.nanoseconds(load.timestamp, shared.clock) ?? 0
      guard isOfProgram(owner, since) else { return }
      let name = load.name.cut(toBytes: CodeFileLimits.nameBytes)
      account.countEntry()
      guard shared.admits(textBytes: name.utf8.count, isEntry: true) else { return }
      shared.output.add(
        CodeLoad(
          address: load.address, size: load.size, codeIndex: load.codeIndex, source: .jitdump,
          name: name, since: since, doubt: since == 0 ? 0 : clock.doubt),
        of: owner, isRundown: isRundown(owner))
    case .move(let move):
      guard let owner = writers.owner(of: move.pid, move.tid, writer: writer) else {
        return keep(record)
      }
      let since = clock.nanoseconds(move.timestamp, shared.clock) ?? 0
      guard isOfProgram(owner, since) else { return }
      account.countEntry()
      guard shared.admits(textBytes: 0, isEntry: true) else { return }
      shared.output.add(
        CodeMove(
          oldAddress: move.oldAddress, newAddress: move.newAddress, size: move.size,
          codeIndex: move.codeIndex, since: since),
        of: owner, isRundown: isRundown(owner))
    case .lines(let lines):
      if let owner = writers.last { tell(lines, owner, shared) } else { keep(record) }
    case .close, .unwinding: break
    }
  }

  /// Whether a record was written after its process's program began. Otherwise it was left by
  /// another process with the same number, or by the program before.
  private func isOfProgram(_ owner: CodeOwner, _ since: UInt64) -> Bool {
    if since == 0 || clock.doubt > 0 || since &+ Self.beginningSlack_ns >= owner.began {
      return true
    }
    strangers += 1
    return false
  }

  /// Uncertainty of comparing a record's time with the beginning of its program.
  private static let beginningSlack_ns: UInt64 = 100_000

  private func keep(_ record: JitdumpRecord) {
    if unclaimed.count < CodeFileLimits.unclaimedRecords {
      unclaimed.append(record)
    } else if record.timeOfCode != nil {
      strangers += 1
    }
  }

  private func isRundown(_ owner: CodeOwner) -> Bool { owner.isRundown && isFirstLook }

  private func tell(_ lines: JitdumpLines, _ owner: CodeOwner, _ shared: CodeFileShared) {
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
        since: clock.nanoseconds(lines.timestamp, shared.clock) ?? 0), of: owner,
      isRundown: isRundown(owner))
  }
}

extension JitdumpRecord {
  /// The time of a record that places code; nil for others, whose times do not matter.
  fileprivate var timeOfCode: UInt64? {
    switch self {
    case .load(let load): load.timestamp
    case .move(let move): move.timestamp
    case .lines, .unwinding, .close: nil
    }
  }
}
