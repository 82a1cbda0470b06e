internal import TraceEvents

/// The index's entry for one block.
struct BlockEntry: Equatable {
  var offset: UInt64
  var kind: UInt8
  var payloadBytes: Int
  var count: Int
  var first: UInt64
  var last: UInt64
  /// Range in ``BlockIndex/typeRefs`` of the block's event types and their event counts, in the
  /// order of its sections. Event blocks only.
  var types: Range<Int>

  /// Whether both entries describe the block alike, regardless of where its types are stored.
  func isSame(as other: BlockEntry) -> Bool {
    var moved = other
    moved.types = types
    return moved == self
  }
}

/// The blocks of a file and their contents, as read from the closing index or found by a scan.
struct BlockIndex {
  private(set) var blocks: [BlockEntry] = []
  /// Refs and event counts of all event blocks' types, concatenated; ``BlockEntry/types`` is a
  /// block's range in them.
  private(set) var typeRefs: [UInt16] = []
  private(set) var typeCounts: [UInt32] = []
  private(set) var eventTotals: [UInt16: UInt64] = [:]
  private(set) var eventCount: UInt64 = 0
  /// Number of blocks of a live trace that preceded those present here.
  private(set) var forgottenBlocks = 0
  /// The blocks of stacks, by epoch.
  private(set) var stacks = StackEpochs()
  /// Positions of the blocks of symbols.
  private(set) var symbolBlocks: [Int] = []

  /// Appends a block.
  mutating func append(
    offset: UInt64, kind: UInt8, payloadBytes: Int, count: Int, first: UInt64, last: UInt64,
    types: [(ref: UInt16, count: Int)] = []
  ) {
    let start = typeRefs.count
    for type in types {
      typeRefs.append(type.ref)
      typeCounts.append(UInt32(type.count))
      eventTotals[type.ref, default: 0] += UInt64(type.count)
    }
    if kind == BlockKind.events { eventCount += UInt64(count) }
    if kind == BlockKind.stacks {
      stacks.append(position: blocks.count, count: count, first: first, last: last)
    }
    if kind == BlockKind.symbols { symbolBlocks.append(blocks.count) }
    blocks.append(
      BlockEntry(
        offset: offset, kind: kind, payloadBytes: payloadBytes, count: count, first: first,
        last: last, types: start..<typeRefs.count))
  }

  /// Removes all blocks, and the epochs of stacks that `isKept` rejects. The totals are kept.
  mutating func removeAllBlocks(keepingStacks isKept: (UInt32) -> Bool) {
    forgottenBlocks += blocks.count
    blocks.removeAll(keepingCapacity: true)
    symbolBlocks = []
    stacks.removeBlocks(keeping: isKept)
    typeRefs.removeAll(keepingCapacity: true)
    typeCounts.removeAll(keepingCapacity: true)
  }

  /// Returns the event count of each of a block's types.
  func types(of entry: BlockEntry) -> [UInt16: UInt32] {
    Dictionary(zip(typeRefs[entry.types], typeCounts[entry.types])) { $1 }
  }

  func write(to target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder) {
    target.append(varint: UInt64(blocks.count))
    target.appendColumn(of: blocks, with: &encoder) { $0.offset }
    target.appendColumn(of: blocks, with: &encoder) { UInt64($0.kind) }
    target.appendColumn(of: blocks, with: &encoder) { UInt64($0.payloadBytes) }
    target.appendColumn(of: blocks, with: &encoder) { UInt64($0.count) }
    target.appendColumn(of: blocks, with: &encoder) { $0.first }
    target.appendColumn(of: blocks, with: &encoder) { $0.last }
    target.appendColumn(of: blocks, with: &encoder) { UInt64($0.types.count) }
    target.append(varint: UInt64(typeRefs.count))
    target.appendColumn(of: typeRefs, with: &encoder) { UInt64($0) }
    target.appendColumn(of: typeCounts, with: &encoder) { UInt64($0) }
  }

  init() {}

  /// - Parameter end: file offset at which the indexed blocks must end.
  init(from reader: inout ByteReader, end: UInt64) throws(ByteCodingError) {
    let count = Int(clamping: try reader.readVarint())
    guard count <= Int(end) / FileLayout.blockHeaderBytes else {
      throw reader.broken(.I2, UInt64(count))
    }
    let offsets = try reader.readColumn(count: count)
    let kinds = try reader.readColumn(count: count)
    let sizes = try reader.readColumn(count: count)
    let counts = try reader.readColumn(count: count)
    let firsts = try reader.readColumn(count: count)
    let lasts = try reader.readColumn(count: count)
    let typeNumbers = try reader.readColumn(count: count)
    // Each section takes at least a directory line in the file.
    let total = Int(clamping: try reader.readVarint())
    guard total <= Int(end) / SectionEntry.byteCount else {
      throw reader.broken(.I2, UInt64(total))
    }
    let refs = try reader.readColumn(count: total)
    let refCounts = try reader.readColumn(count: total)
    blocks.reserveCapacity(count)
    var expected = UInt64(FileLayout.fileHeaderBytes)
    var used = 0
    for row in 0..<count {
      let number = typeNumbers[row]
      guard offsets[row] == expected, sizes[row] <= UInt64(FileLayout.payloadBytesMax),
        kinds[row] <= 255, kinds[row] != UInt64(BlockKind.index),
        kinds[row] != UInt64(BlockKind.end), counts[row] <= UInt64(UInt32.max),
        firsts[row] <= lasts[row], number <= UInt64(total - used)
      else { throw reader.broken(.I2, UInt64(row)) }
      expected += UInt64(FileLayout.blockHeaderBytes) + sizes[row]
      guard expected <= end else { throw reader.broken(.I2, UInt64(row)) }
      var types: [(ref: UInt16, count: Int)] = []
      var sum: UInt64 = 0
      for position in used..<used + Int(number) {
        guard let ref = UInt16(exactly: refs[position]), ref > 0, refCounts[position] > 0,
          refCounts[position] <= counts[row]
        else { throw reader.broken(.I3, refs[position]) }
        types.append((ref, Int(refCounts[position])))
        sum += refCounts[position]
      }
      let isEvents = kinds[row] == UInt64(BlockKind.events)
      guard sum == (isEvents ? counts[row] : 0) else { throw reader.broken(.I3, sum) }
      used += Int(number)
      append(
        offset: offsets[row], kind: UInt8(kinds[row]), payloadBytes: Int(sizes[row]),
        count: Int(counts[row]), first: firsts[row], last: lasts[row], types: types)
    }
    guard expected == end, used == total else { throw reader.broken(.I2, expected) }
  }
}

/// Loss totals by ring, cause and process.
///
/// Memory is bounded: beyond ``totalsMax`` rows, losses are totaled by cause alone.
struct LossLedger {
  /// Leaves room for one more row per cause.
  private static let totalsMax = FileLayout.lossTotalsMax - 256

  private struct Key: Hashable {
    var stream: UInt32
    var cpu: UInt16
    var cause: LossCause
    var processIndex: UInt32?
  }

  private var positions: [Key: Int] = [:]
  private(set) var totals: [LossTotal] = []

  init() {}

  init(_ totals: [LossTotal]) {
    for total in totals {
      add(
        LossRecord(
          stream: total.stream, cpu: total.cpu, cause: total.cause, count: total.count,
          fromTicks: total.firstTicks, toTicks: total.lastTicks, processIndex: total.processIndex))
    }
  }

  private static func key(_ record: LossRecord) -> Key {
    Key(
      stream: record.stream, cpu: record.cpu, cause: record.cause,
      processIndex: record.processIndex)
  }

  mutating func add(_ record: LossRecord) {
    var record = record
    var key = Self.key(record)
    if positions[key] == nil, totals.count >= Self.totalsMax {
      record.stream = .max
      record.cpu = EventHeader.noCPU
      record.processIndex = nil
      key = Self.key(record)
    }
    if let position = positions[key] {
      let (sum, overflow) = totals[position].count.addingReportingOverflow(record.count)
      totals[position].count = overflow ? .max : sum
      totals[position].firstTicks = min(totals[position].firstTicks, record.fromTicks)
      totals[position].lastTicks = max(totals[position].lastTicks, record.toTicks)
    } else {
      positions[key] = totals.count
      totals.append(
        LossTotal(
          stream: record.stream, cpu: record.cpu, cause: record.cause,
          processIndex: record.processIndex, count: record.count, firstTicks: record.fromTicks,
          lastTicks: record.toTicks))
    }
  }

  /// The totals as records for the index.
  var records: [LossRecord] {
    totals.map {
      LossRecord(
        stream: $0.stream, cpu: $0.cpu, cause: $0.cause, count: $0.count, fromTicks: $0.firstTicks,
        toTicks: $0.lastTicks, processIndex: $0.processIndex)
    }
  }
}
