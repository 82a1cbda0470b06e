internal import OSStrings

/// Reads a jitdump file, finished or growing, without touching the file itself: it says which bytes
/// it needs, the caller brings them.
///
///     var parser = JitdumpParser()
///     repeat {
///       let window = …  // what the file has from parser.position on
///       guard window.count >= parser.wanted else { break }  // wait for more
///       parser.parse(window) { record in … }
///     } while true
///
/// - Guarantee: any bytes do. What cannot be read is skipped with a warning, and everything after
///   it that looks like a record is found again. The same bytes give the same records, however they
///   are cut into windows.
/// - Cost: code bytes are passed over: ``position`` then lies beyond the window's end. A window of
///   a few KiB is enough but for lists of source lines (at most ``tableBytesMax`` bytes).
public struct JitdumpParser: Sendable {
  /// A record with more bytes is taken for damage.
  static let loadBytesMax: UInt32 = 1 << 30
  static let tableBytesMax: UInt32 = 16 << 20
  /// A name that is longer is cut.
  static let nameBytesMax = 16 << 10
  static let headerBytes = 40
  static let headerBytesMax: UInt32 = 1 << 16
  /// Source lines that wait for their code.
  static let waitingLinesMax = 8
  /// How often the parser goes back to look into a record that has turned out to be torn.
  static let rewindsMax = 1024

  enum Phase: Hashable {
    case header
    case records
    /// Looks for the next plausible record, byte by byte.
    case scanning
    case refused
  }

  public internal(set) var header: JitdumpHeader?
  /// Where in the file the next window must begin.
  public internal(set) var position: UInt64 = 0
  /// How many bytes from there are needed at least. More is better.
  public internal(set) var wanted = headerBytes
  var found = JitFileWarnings()
  var phase = Phase.header
  var isSwapped = false
  /// Where the last record began: if what follows it is none, it is not to be trusted.
  var lastStart: UInt64?
  var lastTimestamp: UInt64?
  /// The process whose file it is, in its own pid namespace.
  var writerPID: UInt32?
  var rewinds = 0
  /// Where the bytes begin that are no records; nil where a record's own bytes are looked into.
  var scanOrigin: UInt64?
  var waitingLines: [JitdumpLineTable] = []
  var lineBase = JitdumpLineBase()

  public init() {}

  /// The process whose file it is, in its own pid namespace; nil until that is known.
  public var writer: UInt32? { writerPID }
  /// Where the record begins that was read last, and may be read again to see that it still stands
  /// there; nil where there is none.
  public var lastRecord: UInt64? { lastStart }
  /// What was wrong with the file so far, one entry a kind.
  public var warnings: [JitFileWarning] { found.all }
  /// It is no jitdump, or of a version that is not known; nothing more is read.
  public var isRefused: Bool { phase == .refused }

  /// Reads what can be read of `window`, which holds the file's bytes from ``position`` on. Both
  /// ``position`` and ``wanted`` are new afterwards. A window of fewer than ``wanted`` bytes
  /// changes nothing.
  public mutating func parse(
    _ window: UnsafeRawBufferPointer, _ body: (JitdumpRecord) -> Void
  ) {
    var offset = 0
    while phase != .refused, wanted <= window.count &- offset {
      let rest = JitdumpBytes(
        bytes: UnsafeRawBufferPointer(rebasing: window[offset...]), isSwapped: isSwapped)
      let before = position
      switch phase {
      case .header: readHeader(rest)
      case .records: readRecord(rest, body)
      case .scanning: scan(rest)
      case .refused: return
      }
      // A record that was passed over, or one that is looked into again, leads out of the window.
      guard position >= before, position - before <= UInt64(rest.count) else { return }
      offset += Int(position - before)
    }
  }

  /// Says that the file will not grow beyond `size`.
  ///
  /// - Returns: true when there is more to read after all, in what was taken for one record: read
  ///   on from ``position``, then call this again.
  public mutating func end(atSize size: UInt64) -> Bool {
    switch phase {
    case .refused: return false
    case .header: refuse(.notJitdump)
    case .records:
      if endsWithinRecord(size) { return true }
    case .scanning:
      // What asked for more bytes than there are is no record; there may be one behind it.
      position &+= 1
      wanted = JitdumpPrefix.byteCount
      if position < size, size - position >= UInt64(wanted) { return true }
      if let scanOrigin, scanOrigin < size {
        found.note(.damage, at: scanOrigin, amount: size - scanOrigin)
      }
      phase = .records
      position = size
    }
    for _ in waitingLines { found.note(.linesWithoutCode, at: position) }
    waitingLines = []
    return false
  }

  // MARK: Header

  private mutating func readHeader(_ bytes: JitdumpBytes) {
    let magic: UInt32 = 0x4a69_5444
    var bytes = bytes
    if bytes.word32(0) == magic.byteSwapped {
      isSwapped = true
      bytes = JitdumpBytes(bytes: bytes.bytes, isSwapped: true)
    } else if bytes.word32(0) != magic {
      return refuse(.notJitdump)
    }
    let version = bytes.word32(4)
    guard version == 1 || version == 2 else { return refuse(.unknownVersion(version)) }
    if version == 2 { found.note(.versionReadAsOne(version), at: 4) }
    var size = bytes.word32(8)
    if size < UInt32(Self.headerBytes) {
      found.note(.shortHeader(size), at: 8)
      size = UInt32(Self.headerBytes)
    }
    guard size <= Self.headerBytesMax else { return refuse(.notJitdump) }
    let flags = bytes.word64(32)
    if flags & ~1 != 0 { found.note(.unknownFlags(flags), at: 32) }
    header = JitdumpHeader(
      version: version, pid: bytes.word32(20), machine: bytes.word32(12),
      usesArchitectureClock: flags & 1 != 0)
    lineBase.isMarkedByV8 = bytes.word32(16) == 0xdead_beef
    if let pid = header?.pid, pid != 0 { writerPID = pid }
    phase = .records
    advance(to: UInt64(size))
  }

  private mutating func refuse(_ kind: JitFileWarning.Kind) {
    found.note(kind, at: 0)
    phase = .refused
  }

  // MARK: Records

  mutating func advance(to next: UInt64) {
    position = next
    wanted = JitdumpPrefix.byteCount
  }

  private mutating func readRecord(
    _ bytes: JitdumpBytes, _ body: (JitdumpRecord) -> Void
  ) {
    let prefix = bytes.prefix(at: 0)
    let hasNoPID = prefix.kind > JitdumpPrefix.Kind.move
    guard prefix.isPossible, !hasNoPID || isPlausible(time: prefix.timestamp) else {
      return startScanning()
    }
    // Everything that is needed of a record is there before any of it is used.
    var needed = prefix.fixedBytes
    if prefix.kind == JitdumpPrefix.Kind.debug, needed <= bytes.count {
      guard JitdumpLineTable.isPossible(bytes, prefix) else { return startScanning() }
      needed = Int(prefix.size)
    }
    guard needed <= bytes.count else {
      wanted = needed
      return
    }
    let start = position
    switch prefix.kind {
    case JitdumpPrefix.Kind.load:
      switch load(bytes, prefix) {
      case .needs(let count):
        wanted = count
        return
      case .torn: return startScanning()
      case .ofAnotherProcess(let load):
        guard isPlausible(time: prefix.timestamp) else { return startScanning() }
        take(load, body)
      case .nonsense: found.note(.nonsense, at: start)
      case .load(let load):
        writerPID = load.pid
        take(load, body)
      }
    case JitdumpPrefix.Kind.move:
      guard let move = move(bytes, prefix) else {
        found.note(.nonsense, at: start)
        break
      }
      guard writerPID == nil || move.pid == writerPID || isPlausible(time: prefix.timestamp)
      else { return startScanning() }
      body(.move(move))
    case JitdumpPrefix.Kind.debug:
      keep(JitdumpLineTable(bytes, prefix))
    case JitdumpPrefix.Kind.close: body(.close(timestamp: prefix.timestamp))
    case JitdumpPrefix.Kind.unwinding:
      body(.unwinding(unwinding(bytes, prefix)))
    default: found.note(.unknownRecords, at: start)
    }
    lastStart = start
    lastTimestamp = prefix.timestamp
    advance(to: start &+ UInt64(prefix.size))
  }

  private mutating func take(_ load: JitdumpLoad, _ body: (JitdumpRecord) -> Void) {
    if load.name.osBytes.count >= Self.nameBytesMax { found.note(.longNames, at: position) }
    body(.load(load))
    guard let index = waitingLines.lastIndex(where: { $0.address == load.address }) else { return }
    let table = waitingLines.remove(at: index)
    let (lines, unreadable) = table.lines(of: load, &lineBase)
    if unreadable > 0 { found.note(.unreadableFileNames, at: position, amount: unreadable) }
    if !lines.addresses.isEmpty { body(.lines(lines)) }
  }

  private mutating func keep(_ lines: JitdumpLineTable) {
    if lines.endsEarly { found.note(.unreadableLines, at: position) }
    if waitingLines.count == Self.waitingLinesMax {
      waitingLines.removeFirst()
      found.note(.linesWithoutCode, at: position)
    }
    waitingLines.append(lines)
  }
}
