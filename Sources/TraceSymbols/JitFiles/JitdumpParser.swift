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
/// - Guarantee: accepts any bytes. Unreadable data is skipped with a warning, and later data that
///   looks like a record is found again. The same bytes yield the same records, whatever the
///   windows.
/// - Cost: code bytes are skipped: ``position`` is then beyond the window's end. A window of a few
///   KiB suffices, except for lists of source lines (at most ``tableBytesMax`` bytes).
public struct JitdumpParser: Sendable {
  /// A longer record counts as damage.
  static let loadBytesMax: UInt32 = 1 << 30
  static let tableBytesMax: UInt32 = 16 << 20
  /// Longer names are truncated.
  static let nameBytesMax = 16 << 10
  static let headerBytes = 40
  static let headerBytesMax: UInt32 = 1 << 16
  /// Maximum number of line records waiting for their code.
  static let waitingLinesMax = 8
  /// How often the parser goes back to scan a record that has turned out to be torn.
  static let rewindsMax = 1024

  enum Phase: Hashable {
    case header
    case records
    /// Searches for the next plausible record, byte by byte.
    case scanning
    case refused
  }

  public internal(set) var header: JitdumpHeader?
  /// The file offset at which the next window must begin.
  public internal(set) var position: UInt64 = 0
  /// The minimum number of bytes needed from there. More are better.
  public internal(set) var wanted = headerBytes
  var found = JitFileWarnings()
  var phase = Phase.header
  var isSwapped = false
  /// The start of the last record. If no record follows it, it is not trusted.
  var lastStart: UInt64?
  var lastTimestamp: UInt64?
  /// The file's process, in its pid namespace.
  var writerPID: UInt32?
  var rewinds = 0
  /// The start of the bytes that are not records; nil while the partial record at the file's end is
  /// scanned.
  var scanOrigin: UInt64?
  var waitingLines: [JitdumpLineTable] = []
  var lineBase = JitdumpLineBase()

  public init() {}

  /// The file's process, in its pid namespace; nil until it is known.
  public var writer: UInt32? { writerPID }
  /// The start of the last record read, which may be read again to check that the file still
  /// contains it; nil if there is none.
  public var lastRecord: UInt64? { lastStart }
  /// The problems of the file so far, one entry for each kind.
  public var warnings: [JitFileWarning] { found.all }
  /// The file is not a jitdump, or has an unknown version; nothing more is read.
  public var isRefused: Bool { phase == .refused }

  /// Parses the available records in `window`, which contains the file's bytes from ``position``
  /// on. Updates ``position`` and ``wanted``. A window of fewer than ``wanted`` bytes changes
  /// nothing.
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
      // A skipped record, or one that is scanned again, leads out of the window.
      guard position >= before, position - before <= UInt64(rest.count) else { return }
      offset += Int(position - before)
    }
  }

  /// Reports that the file will not grow beyond `size`.
  ///
  /// - Returns: true if there is more to read inside what seemed to be one record: continue at
  ///   ``position``, then call this again.
  public mutating func end(atSize size: UInt64) -> Bool {
    switch phase {
    case .refused: return false
    case .header: refuse(.notJitdump)
    case .records:
      if endsWithinRecord(size) { return true }
    case .scanning:
      // A record that needs more bytes than the file has is not a record; another may follow it.
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
    // All needed parts of a record are available before any of it is used.
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
