internal import TraceEvents

/// The decoded columns of an event block. Instances are reused; memory is that of the largest block
/// decoded.
final class EventBlock {
  private(set) var directory: SectionDirectory?
  private(set) var count = 0
  private(set) var stretches: [Stretch] = []
  private(set) var origins = GrowingBuffer<EventOrigin>(capacity: 64)

  // One value per event, in the block's order.
  private(set) var ticks = GrowingBuffer<UInt64>(capacity: 64)
  /// Position of the event's section in the directory, minus one.
  private(set) var types = EventColumn<UInt16>()
  /// The event's row in its type's columns.
  private(set) var rows = EventColumn<UInt32>()
  private(set) var originIndexes = EventColumn<UInt32>()
  private(set) var flags = EventColumn<UInt8>()
  private(set) var stacks = EventColumn<UInt32>()

  private var columns = ColumnStore()

  /// Memory that is used only while a block is decoded. One thread decodes many blocks with it.
  struct DecodingRoom: ~Copyable {
    fileprivate var scratch = GrowingBuffer<UInt64>(capacity: 64)
    fileprivate var section = GrowingBuffer<UInt8>(capacity: 1024)
  }

  /// Approximate memory of the block, in bytes.
  var memoryBytes: Int {
    columns.memoryBytes + ticks.capacity * 8 + types.memoryBytes + rows.memoryBytes
      + originIndexes.memoryBytes + flags.memoryBytes + stacks.memoryBytes
  }

  /// Decodes the data common to all events. ``decodeFields(of:fields:leading:_:_:)`` decodes the
  /// fields.
  func decode(
    _ header: BlockHeader, _ payload: UnsafeRawBufferPointer, _ room: inout DecodingRoom
  ) throws(FormatError) {
    columns.removeAll()
    count = header.count
    let directory = try SectionDirectory(payload, eventCount: count)
    self.directory = directory
    let bytes = try sectionBytes(0, payload, &room.section)
    var reader = ByteReader(bytes)
    do throws(ByteCodingError) {
      try decodeStretches(&reader, header)
      try decodeWriters(&reader)
      try decodeTypes(&reader, directory, &room.scratch)
      try decodeTicks(&reader, header)
      try decodeMarks(&reader, &room.scratch)
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

  private func decodeStretches(
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

  /// Combines the runs of equal writers with the stretches: each writer of a stretch is an origin.
  private func decodeWriters(_ reader: inout ByteReader) throws(ByteCodingError) {
    let number = try reader.readCount(limit: FileLayout.writersPerBlockMax)
    let processes = try reader.readColumn32(count: number)
    let pids = try reader.readColumn32(count: number)
    let tids = try reader.readColumn32(count: number)
    let runs = try reader.readCount(limit: count)
    let writers = try reader.readColumn(count: runs)
    let lengths = try reader.readColumn(count: runs)
    // Local copies avoid exclusivity checks on properties.
    let (stretches, count) = (stretches, count)
    origins.count = 0
    origins.reserve(min(runs + stretches.count, number * stretches.count))
    let origins = origins.base
    if number == 1, stretches.count == 1 {
      try checkRunsOfOneWriter(writers, lengths, reader)
      origins[0] = EventOrigin(
        stream: stretches[0].stream, processIndex: processes[0], pid: pids[0], tid: tids[0],
        cpu: stretches[0].cpu)
      self.origins.count = 1
      return originIndexes.fill(count, with: 0)
    }
    let indexes = originIndexes.fill(count)
    var originCount = 0
    var stretch = 0
    var position = 0
    // Latest origin of each writer, and the first origin of the stretch: an earlier one belongs to
    // an earlier stretch.
    var latest = [Int](repeating: -1, count: number)
    var first = 0
    var stretchEnd = stretches.first?.end ?? 0
    for run in 0..<runs {
      guard writers[run] < UInt64(number), lengths[run] > 0,
        lengths[run] <= UInt64(count - position)
      else { throw reader.broken(.E6, max(writers[run], lengths[run])) }
      let writer = Int(writers[run])
      let end = position + Int(lengths[run])
      while position < end {
        if position == stretchEnd {
          stretch += 1
          stretchEnd = stretches[stretch].end
          first = originCount
        }
        if latest[writer] < first {
          origins[originCount] = EventOrigin(
            stream: stretches[stretch].stream, processIndex: processes[writer],
            pid: pids[writer], tid: tids[writer], cpu: stretches[stretch].cpu)
          latest[writer] = originCount
          originCount += 1
        }
        let origin = UInt32(truncatingIfNeeded: latest[writer])
        let part = min(end, stretchEnd)
        repeat {
          indexes[position] = origin
          position &+= 1
        } while position < part
      }
    }
    guard position == count else { throw reader.broken(.E6, UInt64(position)) }
    self.origins.count = originCount
  }

  private func checkRunsOfOneWriter(
    _ writers: [UInt64], _ lengths: [UInt64], _ reader: ByteReader
  ) throws(ByteCodingError) {
    var position = 0
    for (writer, length) in zip(writers, lengths) {
      guard writer == 0, length > 0, length <= UInt64(count - position) else {
        throw reader.broken(.E6, max(writer, length))
      }
      position += Int(length)
    }
    guard position == count else { throw reader.broken(.E6, UInt64(position)) }
  }

  private func read(
    _ reader: inout ByteReader, _ scratch: inout GrowingBuffer<UInt64>
  ) throws(ByteCodingError) -> UnsafeMutablePointer<UInt64> {
    scratch.reserve(count)
    try reader.readColumn(scratch.base, count: count)
    return scratch.base
  }

  private func decodeTypes(
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

  /// Sums the differences. Time must not go back or leave the range given by the header.
  private func decodeTicks(
    _ reader: inout ByteReader, _ header: BlockHeader
  ) throws(ByteCodingError) {
    ticks.reserve(count)
    ticks.count = count
    let base = ticks.base
    try reader.readColumn(base, count: count)
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

  private func decodeMarks(
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
