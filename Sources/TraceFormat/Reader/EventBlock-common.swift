internal import TraceEvents

// The data common to all events of a block: SPEC.md, "Common section".

extension EventBlock {
  func decodeStretches(
    _ reader: inout ByteReader, _ header: BlockHeader
  ) throws(ByteCodingError) {
    let number = try reader.readCount(limit: count)
    let streams = try reader.readColumn(count: number)
    let cpus = try reader.readColumn(count: number)
    let lengths = try reader.readColumn(count: number)
    let firsts = try reader.readColumn(count: number)
    stretches.removeAll(keepingCapacity: true)
    var start = 0
    for index in 0..<number {
      let (firstTicks, overflow) = header.first.addingReportingOverflow(firsts[index])
      guard lengths[index] > 0, lengths[index] <= UInt64(count - start) else {
        throw reader.broken(.E5, lengths[index])
      }
      guard !overflow else { throw reader.broken(.E9, firsts[index]) }
      guard let stream = UInt32(exactly: streams[index]), let cpu = UInt16(exactly: cpus[index])
      else { throw reader.broken(.E7, max(streams[index], cpus[index])) }
      let end = start + Int(lengths[index])
      stretches.append(
        Stretch(
          stream: stream, cpu: cpu, start: start, end: end, firstTicks: firstTicks))
      start = end
    }
    guard start == count else { throw reader.broken(.E5, UInt64(start)) }
  }

  private func read(
    _ reader: inout ByteReader, _ scratch: inout GrowingBuffer<UInt64>
  ) throws(ByteCodingError) -> UnsafeMutablePointer<UInt64> {
    scratch.reserve(count)
    try reader.readColumn(scratch.base, count: count)
    return scratch.base
  }

  func decodeTypes(
    _ reader: inout ByteReader, _ directory: SectionDirectory,
    _ scratch: inout GrowingBuffer<UInt64>
  ) throws(ByteCodingError) {
    let typeCount = directory.entries.count - 1
    if typeCount == 1, let type = try reader.readConstantColumn() {
      guard type == 0 else { throw reader.broken(.E8, type) }
      types.fill(count, with: 0)
      rows.fillWithPositions(count)
      return
    }
    let values = try read(&reader, &scratch)
    let (types, rows) = (types.fill(count), rows.fill(count))
    var next = [UInt32](repeating: 0, count: typeCount)
    for index in 0..<count {
      guard values[index] < UInt64(typeCount) else {
        throw reader.broken(.E8, values[index])
      }
      let type = Int(values[index])
      types[index] = UInt16(truncatingIfNeeded: type)
      rows[index] = next[type]
      next[type] &+= 1
    }
    for (type, number) in next.enumerated()
    where Int(number) != directory.entries[type + 1].eventCount {
      throw reader.broken(.E8, UInt64(number))
    }
  }

  func decodeTicks(
    _ reader: inout ByteReader, _ header: BlockHeader
  ) throws(ByteCodingError) {
    ticks.reserve(count)
    ticks.count = count
    try reader.readColumn(ticks.base, count: count)
    try sumTicks(ticks.base, reader, header)
  }

  /// Sums the differences. Time must not go back or leave the range given by the header.
  func sumTicks(
    _ base: UnsafeMutablePointer<UInt64>, _ reader: ByteReader, _ header: BlockHeader
  ) throws(ByteCodingError) {
    for stretch in stretches {
      var now = stretch.firstTicks
      var goesBack = base[stretch.start] != 0
      for index in stretch.start..<stretch.end {
        let next = now &+ base[index]
        goesBack = goesBack || next < now
        now = next
        base[index] = next
      }
      guard !goesBack else { throw reader.broken(.E9, now) }
      guard now <= header.last else { throw reader.broken(.B7, now) }
    }
  }

  func decodeMarks(
    _ reader: inout ByteReader, _ scratch: inout GrowingBuffer<UInt64>
  ) throws(ByteCodingError) {
    // The bitwise OR of all values shows whether any has a disallowed bit.
    if let constant = try reader.readConstantColumn() {
      guard constant <= 0xff else { throw reader.broken(.E7, constant) }
      flags.fill(count, with: UInt8(truncatingIfNeeded: constant))
    } else {
      let (values, target) = (try read(&reader, &scratch), flags.fill(count))
      var union: UInt64 = 0
      for index in 0..<count {
        union |= values[index]
        target[index] = UInt8(truncatingIfNeeded: values[index])
      }
      guard union <= 0xff else { throw reader.broken(.E7, union) }
    }
    if let constant = try reader.readConstantColumn() {
      guard constant < StackID.lost.rawValue else { throw reader.broken(.E7, constant) }
      stacks.fill(count, with: UInt32(truncatingIfNeeded: constant))
    } else {
      let (values, target) = (try read(&reader, &scratch), stacks.fill(count))
      var highest: UInt64 = 0
      for index in 0..<count {
        highest = max(highest, values[index])
        target[index] = UInt32(truncatingIfNeeded: values[index])
      }
      guard highest < StackID.lost.rawValue else { throw reader.broken(.E7, highest) }
    }
  }
}
