internal import TraceEvents

/// The decoded columns of an event block. Instances are reused; memory is that of the largest block
/// decoded.
final class EventBlock {
  private(set) var directory: SectionDirectory?
  // Only the extensions of this class change what follows.
  /// Number of the decoded events: all of the block, or the wanted ones.
  var count = 0
  /// Whether only the wanted events were decoded.
  private(set) var hasOnlyWanted = false
  var stretches: [Stretch] = []
  var origins = GrowingBuffer<EventOrigin>(capacity: 64)

  // One value per decoded event, in the block's order.
  var ticks = GrowingBuffer<UInt64>(capacity: 64)
  /// Position of the event's section in the directory, minus one.
  var types = EventColumn<UInt16>()
  /// The event's row in its type's columns.
  var rows = EventColumn<UInt32>()
  var originIndexes = EventColumn<UInt32>()
  var flags = EventColumn<UInt8>()
  var stacks = EventColumn<UInt32>()

  private var columns = ColumnStore()

  /// Memory that is used only while a block is decoded. One thread decodes many blocks with it.
  struct DecodingRoom: ~Copyable {
    var scratch = GrowingBuffer<UInt64>(capacity: 64)
    /// Positions of the wanted events.
    var kept = GrowingBuffer<UInt32>(capacity: 64)
    fileprivate var section = GrowingBuffer<UInt8>(capacity: 1024)
  }

  /// Approximate memory of the block, in bytes.
  var memoryBytes: Int {
    columns.memoryBytes + ticks.capacity * 8 + types.memoryBytes + rows.memoryBytes
      + originIndexes.memoryBytes + flags.memoryBytes + stacks.memoryBytes
  }

  /// Reads the directory of a block. Decoding follows, with ``decodeEvents(_:_:wanted:_:)``.
  func open(
    _ header: BlockHeader, _ payload: UnsafeRawBufferPointer
  ) throws(FormatError) {
    columns.removeAll()
    count = header.count
    directory = try SectionDirectory(payload, eventCount: count)
  }

  /// Decodes the data common to all events. ``decodeFields(of:fields:leading:_:_:)`` decodes the
  /// fields.
  ///
  /// - Parameter wanted: whether each of the block's types is wanted; the events of other types
  ///   are left out. Nil for all events.
  /// - Cost: with few wanted events, about a fifth of that of all events.
  func decodeEvents(
    _ header: BlockHeader, _ payload: UnsafeRawBufferPointer, wanted: [Bool]?,
    _ room: inout DecodingRoom
  ) throws(FormatError) {
    guard let directory else { return }
    hasOnlyWanted = wanted != nil
    var reader = ByteReader(try sectionBytes(0, payload, &room.section))
    do throws(ByteCodingError) {
      try decodeStretches(&reader, header)
      if let wanted {
        try decodeWanted(wanted, &reader, header, directory, &room)
      } else {
        try decodeWriters(&reader)
        try decodeTypes(&reader, directory, &room.scratch)
        try decodeTicks(&reader, header)
        try decodeMarks(&reader, &room.scratch)
      }
      try reader.expectEnd()
    } catch {
      throw .malformed(FormatViolation(error, in: "common section"))
    }
  }

  /// Decodes the fields of the type in `section` (1 and up), once: all of them, or the `leading`
  /// ones.
  func decodeFields(
    of position: Int, fields: [FieldPlan], leading: Int? = nil,
    _ payload: UnsafeRawBufferPointer, _ room: inout DecodingRoom
  ) throws(FormatError) {
    guard let directory else { return }
    let bytes = try sectionBytes(position, payload, &room.section)
    do throws(ByteCodingError) {
      try columns.decode(
        bytes, section: position, rows: directory.entries[position].eventCount, fields: fields,
        leading: leading ?? fields.count)
    } catch {
      throw .malformed(FormatViolation(error, in: "section \(position)"))
    }
  }

  /// Returns the decoded columns of a section. Valid until the block is reused or more is decoded.
  func columns(of position: Int) -> UnsafeBufferPointer<FieldColumn> {
    columns.columns(of: position)
  }

  /// Ends decoding: the columns no longer move.
  func settleColumns() { columns.settle() }

  private func sectionBytes(
    _ position: Int, _ payload: UnsafeRawBufferPointer, _ section: inout GrowingBuffer<UInt8>
  ) throws(FormatError) -> UnsafeRawBufferPointer {
    guard let directory else { throw .malformed(FormatViolation(.E1, "no directory")) }
    let entry = directory.entries[position]
    let start = directory.offsets[position]
    let stored = UnsafeRawBufferPointer(rebasing: payload[start..<start + entry.storedBytes])
    guard entry.isCompressed else { return stored }
    section.count = 0
    section.reserve(entry.rawBytes)
    section.count = entry.rawBytes
    let target = UnsafeMutableRawBufferPointer(start: section.base, count: entry.rawBytes)
    guard decompress(stored, into: target) else {
      throw .malformed(
        FormatViolation(.P2, "section \(position) does not decompress", offset: start))
    }
    return section.rawBytes
  }
}
