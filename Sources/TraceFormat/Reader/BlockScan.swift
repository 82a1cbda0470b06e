/// Iterates over a file's blocks from the front, skipping damage, without using an index.
struct BlockScan {
  /// Expected offset of the next block: the end of the last intact one.
  private(set) var position: UInt64
  /// The number of the next block; nil if blocks may be missing, as in a live trace.
  private var nextSequence: UInt32?

  init(position: UInt64, nextSequence: UInt32? = 0) {
    self.position = position
    self.nextSequence = nextSequence
  }

  enum Step {
    /// An intact block. Its payload is in the reader.
    case block(BlockHeader, offset: UInt64)
    /// Unreadable bytes or missing blocks, followed by more blocks.
    case damage(Damage)
    /// No intact block follows. The remaining bytes may be a block that is still being written.
    case end(tail: Damage?)
  }

  mutating func next(_ reader: inout BlockReader) throws(FormatError) -> Step {
    let size = try reader.source.size()
    guard position < size else { return .end(tail: nil) }
    switch try reader.read(at: position) {
    case .whole(let header):
      if let gap = gap(before: header) { return .damage(gap) }
      let offset = position
      accept(header)
      return .block(header, offset: offset)
    case .damagedPayload(let header):
      if let gap = gap(before: header) { return .damage(gap) }
      let damage = Damage(
        offset: position, byteCount: UInt64(FileLayout.blockHeaderBytes + header.payloadBytes),
        missingBlocks: 1, what: "damaged \(BlockKind.name(header.kind)) block", rule: .B4)
      accept(header)
      return .damage(damage)
    case .cut(let header):
      let what = "\(BlockKind.name(header.kind)) block that is cut off"
      return .end(tail: tail(size, blocks: 1, what))
    case .noHeader(let rule):
      guard let found = try reader.findHeader(from: position + 1) else {
        let isPartial = size - position < UInt64(FileLayout.blockHeaderBytes)
        return .end(
          tail: tail(
            size, blocks: 1, isPartial ? "cut off block header" : "no block",
            isPartial ? nil : rule))
      }
      let skipped = Damage(
        offset: position, byteCount: found - position,
        missingBlocks: try missing(before: found, &reader), what: "no whole block", rule: rule)
      position = found
      return .damage(skipped)
    }
  }

  private func tail(
    _ size: UInt64, blocks: Int, _ what: String, _ rule: FormatRule? = nil
  ) -> Damage {
    Damage(
      offset: position, byteCount: size - position, missingBlocks: blocks, what: what, rule: rule)
  }

  private mutating func accept(_ header: BlockHeader) {
    position += UInt64(FileLayout.blockHeaderBytes + header.payloadBytes)
    if nextSequence != nil { nextSequence = header.sequence &+ 1 }
  }

  /// Returns the damage entry for blocks that were removed cleanly: their sequence numbers are
  /// missing, but no bytes are.
  private mutating func gap(before header: BlockHeader) -> Damage? {
    guard let nextSequence, header.sequence != nextSequence else { return nil }
    defer { self.nextSequence = header.sequence }
    return Damage(
      offset: position, byteCount: 0, missingBlocks: Self.distance(nextSequence, header.sequence),
      what: "blocks missing", rule: .B5)
  }

  /// Returns the number of blocks missing between the last block and the one at `found`, and
  /// continues from there.
  private mutating func missing(
    before found: UInt64, _ reader: inout BlockReader
  ) throws(FormatError) -> Int {
    switch try reader.read(at: found) {
    case .whole(let header), .damagedPayload(let header), .cut(let header):
      guard let nextSequence else { return 0 }
      defer { self.nextSequence = header.sequence }
      return Self.distance(nextSequence, header.sequence)
    case .noHeader:
      return 1
    }
  }

  /// Returns the distance between two sequence numbers. A decrease is not counted as 4 billion
  /// missing blocks.
  private static func distance(_ from: UInt32, _ to: UInt32) -> Int {
    let distance = to &- from
    return distance < 1 << 31 ? Int(distance) : 0
  }
}
