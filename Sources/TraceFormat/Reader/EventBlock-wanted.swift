internal import TraceEvents

// Decoding of a block of which only the events of some types are wanted. Everything is checked that
// is checked when all events are decoded.

extension EventBlock {
  /// Whether leaving out the other events is worthwhile.
  static func isWorthLeavingOut(_ wanted: [Bool], _ directory: SectionDirectory) -> Bool {
    guard wanted.count > 1, wanted.count <= 256 else { return false }
    var kept = 0
    for (isWanted, entry) in zip(wanted, directory.entries.dropFirst()) where isWanted {
      kept += entry.eventCount
    }
    return kept <= directory.entries[0].eventCount / 4
  }

  /// Decodes what follows the stretches, for the events of the wanted types. Afterwards, positions,
  /// stretches and ``count`` are those of these events alone.
  func decodeWanted(
    _ wanted: [Bool], _ reader: inout ByteReader, _ header: BlockHeader,
    _ directory: SectionDirectory, _ room: inout DecodingRoom
  ) throws(ByteCodingError) {
    let runs = try WriterRuns(&reader, count: count)
    let view = try reader.readView(count: count, width: 1, &room.scratch)
    try findWanted(wanted, view, reader, directory, &room.kept)
    fillOrigins(runs, room.kept)
    try decodeTicks(of: room.kept, &reader, header, &room.scratch)
    try decodeMarks(of: room.kept, &reader, &room.scratch)
    keepStretches(room.kept)
    count = room.kept.count
  }

  // MARK: Types

  /// Finds the wanted events. Passes over the most frequent of the other types: its events are
  /// those that remain.
  private func findWanted(
    _ wanted: [Bool], _ view: ColumnView, _ reader: ByteReader, _ directory: SectionDirectory,
    _ kept: inout GrowingBuffer<UInt32>
  ) throws(ByteCodingError) {
    let expected = directory.entries.dropFirst().map { UInt32(truncatingIfNeeded: $0.eventCount) }
    let total = zip(wanted, expected).reduce(0) { $0 + ($1.0 ? Int($1.1) : 0) }
    kept.count = 0
    kept.reserve(total)
    var search = WantedEvents(
      isWanted: wanted, expected: expected, positions: kept.base, types: types.fill(total),
      rows: rows.fill(total))
    let passedOver = wanted.indices.filter { !wanted[$0] }.max { expected[$0] < expected[$1] }
    if case .planes(let planes) = view, let passedOver {
      search.find(in: planes, except: passedOver)
    } else {
      for position in 0..<count { search.take(view[position], at: position) }
    }
    if let wrong = search.wrong { throw reader.broken(.E8, wrong) }
    kept.count = search.count
  }

  // MARK: Ticks

  private func decodeTicks(
    of kept: borrowing GrowingBuffer<UInt32>, _ reader: inout ByteReader, _ header: BlockHeader,
    _ scratch: inout GrowingBuffer<UInt64>
  ) throws(ByteCodingError) {
    let (total, positions) = (kept.count, kept.base)
    ticks.reserve(total)
    ticks.count = total
    let target = ticks.base
    // Sums of differences of up to four bytes do not overflow within a block.
    let view = try reader.readView(count: count, width: 4, &scratch)
    guard case .planes(let planes) = view else {
      if case .constant(let value) = view {
        scratch.reserve(count)
        scratch.base.update(repeating: value, count: count)
      }
      try sumTicks(scratch.base, reader, header)
      for index in 0..<total { target[index] = scratch.base[Int(positions[index])] }
      return
    }
    var index = 0
    for stretch in stretches {
      guard planes[stretch.start] == 0 else { throw reader.broken(.E9, planes[stretch.start]) }
      var sum: UInt64 = 0
      var position = stretch.start
      while index < total, positions[index] < stretch.end {
        let next = Int(positions[index]) + 1
        sum &+= planes.sum(position..<next)
        target[index] = stretch.firstTicks &+ sum
        (position, index) = (next, index + 1)
      }
      sum &+= planes.sum(position..<stretch.end)
      let (last, overflow) = stretch.firstTicks.addingReportingOverflow(sum)
      guard !overflow else { throw reader.broken(.E9, last) }
      guard last <= header.last else { throw reader.broken(.B7, last) }
    }
  }

  // MARK: Flags and stacks

  private func decodeMarks(
    of kept: borrowing GrowingBuffer<UInt32>, _ reader: inout ByteReader,
    _ scratch: inout GrowingBuffer<UInt64>
  ) throws(ByteCodingError) {
    let (total, positions) = (kept.count, kept.base)
    // Values of fewer bytes are within the limits.
    let flagValues = try reader.readView(count: count, width: 1, &scratch)
    try check(flagValues, below: 0x100, reader)
    let flags = flags.fill(total)
    for index in 0..<total {
      flags[index] = UInt8(truncatingIfNeeded: flagValues[Int(positions[index])])
    }
    let ids = try reader.readView(count: count, width: 3, &scratch)
    try check(ids, below: UInt64(StackID.lost.rawValue), reader)
    let stacks = stacks.fill(total)
    for index in 0..<total {
      stacks[index] = UInt32(truncatingIfNeeded: ids[Int(positions[index])])
    }
  }

  private func check(
    _ view: ColumnView, below limit: UInt64, _ reader: ByteReader
  ) throws(ByteCodingError) {
    var highest: UInt64 = 0
    switch view {
    case .planes: return
    case .constant(let value): highest = value
    case .words(let words): for index in 0..<count { highest = max(highest, words[index]) }
    }
    guard highest < limit else { throw reader.broken(.E7, highest) }
  }

  /// Leaves in the stretches the events that were kept.
  private func keepStretches(_ kept: borrowing GrowingBuffer<UInt32>) {
    var index = 0
    stretches = stretches.compactMap { stretch in
      let start = index
      while index < kept.count, kept[index] < stretch.end { index += 1 }
      guard start < index else { return nil }
      var stretch = stretch
      (stretch.start, stretch.end) = (start, index)
      return stretch
    }
  }
}
