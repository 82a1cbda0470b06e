internal import TraceEvents

extension TraceFile {
  /// Reads and decodes every block; what is wrong with any is in ``damage`` afterwards.
  ///
  /// - Cost: the whole file is read; memory for one block.
  public func verify() throws(FormatError) {
    try verifyFileHeader()
    let block = EventBlock()
    for entry in index.blocks {
      guard let header = try readBlock(entry) else { continue }
      do throws(FormatError) {
        try verify(header, entry, block)
      } catch {
        note(error, header, at: entry.offset)
      }
    }
  }

  private func verifyFileHeader() throws(FormatError) {
    var bytes = GrowingBuffer<UInt8>(capacity: FileLayout.fileHeaderBytes)
    bytes.count = try source.read(at: 0, count: FileLayout.fileHeaderBytes, into: bytes.base)
    let isListed = noted.contains { $0.offset == 0 }
    guard FileHeader(bytes.rawBytes) == nil, !isListed else { return }
    noted.append(
      Damage(
        offset: 0, byteCount: UInt64(FileLayout.fileHeaderBytes), missingBlocks: 0,
        what: "damaged file header"))
  }

  private func verify(
    _ header: BlockHeader, _ entry: BlockEntry, _ block: EventBlock
  ) throws(FormatError) {
    switch header.kind {
    case BlockKind.metadata:
      var copy = Definitions()
      try copy.absorb(try unpack(reader.payload))
    case BlockKind.events:
      try verifyEvents(header, entry, block)
    case BlockKind.stacks:
      _ = try stackBlock(header)
    case BlockKind.symbols:
      _ = try table(reader.payload) { (reader) throws(ByteCodingError) in
        try [ImageSymbols](from: &reader)
      }
    case BlockKind.losses:
      _ = try readLosses(reader.payload)
    case BlockKind.clock:
      _ = try table(reader.payload) { (reader) throws(ByteCodingError) in
        try [ClockSync](from: &reader, limit: FileLayout.recordsPerBlockMax)
      }
    default:
      break
    }
  }

  private func verifyEvents(
    _ header: BlockHeader, _ entry: BlockEntry, _ block: EventBlock
  ) throws(FormatError) {
    try block.decode(header, reader.payload)
    for (position, section) in (block.directory?.entries ?? []).enumerated().dropFirst() {
      guard let schema = definitions.schemas[section.ref] else {
        note(
          "\(section.eventCount) events of type \(section.ref), whose schema is missing",
          entry.offset, payloadBytes: entry.payloadBytes)
        continue
      }
      let fields = schema.fields.map { FieldPlan($0.type) }
      try block.decodeFields(of: position, fields: fields, reader.payload)
    }
  }
}
