internal import TraceEvents

/// Checks every rule of SPEC.md. Used by ``TraceFile/verify()``, the fuzzer and the tests.
///
/// The file is scanned from its front as if it had no index. Each block is fully decoded, and the
/// index is compared with the blocks found.
final class TraceValidator {
  /// The file as found by the scan. Its damage list is the result.
  let scanned: TraceFile
  private let block = EventBlock()
  private var symbols = SymbolStore()
  /// Offsets of event blocks with types that were not defined before them.
  private var postponed: [UInt64] = []
  /// Offsets of blocks with stack ids that no preceding block defines.
  private var strangeStacks: [UInt64] = []

  init(_ file: TraceFile) throws(FormatError) {
    scanned = try TraceFile(unread: file.source)
  }

  func run() throws(FormatError) {
    try checkFileHeader()
    scanned.inspect = { [unowned self] (header, offset) throws(FormatError) in
      try self.check(header, offset)
    }
    try scanned.scanForward()
    scanned.inspect = nil
    let isWhole = scanned.log.entries.isEmpty
    scanned.compareIndex()
    for offset in postponed { try checkTypes(at: offset) }
    // If there is no damage, no block of stacks is missing.
    if isWhole {
      for offset in strangeStacks {
        guard case .whole(let header) = try scanned.reader.read(at: offset) else { continue }
        // The events can be read, without their stacks.
        let violation = FormatViolation(.E15, "stack ids that no block has")
        scanned.note(.malformed(violation), header, at: offset, eventCount: 0)
      }
    }
    scanned.settle()
  }

  private func checkFileHeader() throws(FormatError) {
    var bytes = GrowingBuffer<UInt8>(capacity: FileLayout.fileHeaderBytes)
    bytes.count = try scanned.source.read(
      at: 0, count: FileLayout.fileHeaderBytes, into: bytes.base)
    let isWhole = FileHeader(bytes.rawBytes) != nil
    if isWhole, bytes.rawBytes.word32(12) == UInt32(FileLayout.fileHeaderBytes) { return }
    scanned.log.add(
      Damage(
        offset: 0, byteCount: UInt64(FileLayout.fileHeaderBytes), missingBlocks: 0,
        what: "damaged file header", rule: isWhole ? .F3 : .F1))
  }

  // MARK: Blocks

  private func check(_ header: BlockHeader, _ offset: UInt64) throws(FormatError) {
    switch header.kind {
    case BlockKind.events: try checkEvents(header, offset)
    case BlockKind.stacks: _ = try scanned.stackBlock(header)
    case BlockKind.symbols: try scanned.take(header, into: &symbols)
    default: break
    }
  }

  private func checkEvents(_ header: BlockHeader, _ offset: UInt64) throws(FormatError) {
    try block.open(header, scanned.reader.payload)
    try block.decodeEvents(header, scanned.reader.payload, wanted: nil, &scanned.reader.room)
    var isDefined = true
    for (position, section) in (block.directory?.entries ?? []).enumerated().dropFirst() {
      guard let schema = scanned.definitions.schemas[section.ref] else {
        isDefined = false
        continue
      }
      try block.decodeFields(
        of: position, fields: schema.fields.map { FieldPlan($0.type) },
        scanned.reader.payload, &scanned.reader.room)
    }
    if !isDefined { postponed.append(offset) }
    var last: UInt32 = 0
    for index in 0..<block.count where block.stacks[index] != last {
      last = block.stacks[index]
      if last == 0 || scanned.stackIDs.position(of: last) != nil { continue }
      strangeStacks.append(offset)
      break
    }
  }

  /// Repeats the check for a block that precedes the definition of one of its types.
  private func checkTypes(at offset: UInt64) throws(FormatError) {
    guard case .whole(let header) = try scanned.reader.read(at: offset) else { return }
    do throws(FormatError) {
      try block.open(header, scanned.reader.payload)
      try block.decodeEvents(header, scanned.reader.payload, wanted: nil, &scanned.reader.room)
      for (position, section) in (block.directory?.entries ?? []).enumerated().dropFirst() {
        guard let schema = scanned.definitions.schemas[section.ref] else {
          scanned.noteUndefined(
            ref: section.ref, count: section.eventCount, offset,
            payloadBytes: header.payloadBytes)
          continue
        }
        try block.decodeFields(
          of: position, fields: schema.fields.map { FieldPlan($0.type) },
          scanned.reader.payload, &scanned.reader.room)
      }
    } catch {
      scanned.note(error, header, at: offset)
    }
  }
}
