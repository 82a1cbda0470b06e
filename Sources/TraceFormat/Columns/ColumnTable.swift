internal import TraceEvents

// A small table (losses, clock syncs, the index) is a row count followed by its columns.

extension GrowingBuffer where Element == UInt8 {
  /// Appends one column of a table, with one value per row.
  mutating func appendColumn<Row>(
    of rows: [Row], with encoder: inout ColumnEncoder, hint: ColumnHint = .integers,
    _ value: (Row) -> UInt64
  ) {
    let values = rows.map(value)
    values.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      encoder.encode(base, count: buffer.count, hint: hint, into: &self)
    }
  }
}

extension ByteReader {
  /// Reads a column of a table. The caller has checked `count`.
  mutating func readColumn(count: Int) throws(ByteCodingError) -> [UInt64] {
    var values = [UInt64](repeating: 0, count: count)
    var failure: ByteCodingError?
    values.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      do throws(ByteCodingError) {
        try readColumn(base, count: count)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return values
  }
}

extension ByteReader {
  /// Reads a column of 32-bit identifiers.
  mutating func readColumn32(count: Int) throws(ByteCodingError) -> [UInt32] {
    let words = try readColumn(count: count)
    if let wide = words.first(where: { $0 > UInt64(UInt32.max) }) { throw broken(.E7, wide) }
    return words.map { UInt32(truncatingIfNeeded: $0) }
  }
}

extension [LossRecord] {
  func write(to target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder) {
    target.append(varint: UInt64(count))
    target.appendColumn(of: self, with: &encoder) { UInt64($0.stream) }
    target.appendColumn(of: self, with: &encoder) { UInt64($0.cpu) }
    target.appendColumn(of: self, with: &encoder) { UInt64($0.cause.rawValue) }
    target.appendColumn(of: self, with: &encoder) { $0.processIndex.map { UInt64($0) + 1 } ?? 0 }
    target.appendColumn(of: self, with: &encoder) { $0.count }
    target.appendColumn(of: self, with: &encoder) { $0.fromTicks }
    target.appendColumn(of: self, with: &encoder) { $0.toTicks }
  }

  init(from reader: inout ByteReader, limit: Int) throws(ByteCodingError) {
    let count = try reader.readCount(limit: limit)
    let streams = try reader.readColumn(count: count)
    let cpus = try reader.readColumn(count: count)
    let causes = try reader.readColumn(count: count)
    let processes = try reader.readColumn(count: count)
    let counts = try reader.readColumn(count: count)
    let from = try reader.readColumn(count: count)
    let to = try reader.readColumn(count: count)
    self = []
    reserveCapacity(count)
    for row in 0..<count {
      guard let stream = UInt32(exactly: streams[row]), let cpu = UInt16(exactly: cpus[row]),
        let cause = UInt8(exactly: causes[row]), processes[row] <= 1 << 32
      else { throw reader.broken(.L1, UInt64(row)) }
      guard from[row] <= to[row] else { throw reader.broken(.L2, from[row]) }
      append(
        LossRecord(
          stream: stream, cpu: cpu, cause: LossCause(rawValue: cause), count: counts[row],
          fromTicks: from[row], toTicks: to[row],
          processIndex: processes[row] == 0 ? nil : UInt32(processes[row] - 1)))
    }
  }
}

extension [ClockSync] {
  func write(to target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder) {
    target.append(varint: UInt64(count))
    target.appendColumn(of: self, with: &encoder) { $0.ticks }
    target.appendColumn(of: self, with: &encoder) { $0.monotonicNanoseconds }
    target.appendColumn(of: self, with: &encoder) { $0.realtimeNanoseconds }
  }

  init(from reader: inout ByteReader, limit: Int) throws(ByteCodingError) {
    let count = try reader.readCount(limit: limit)
    let ticks = try reader.readColumn(count: count)
    let monotonic = try reader.readColumn(count: count)
    let realtime = try reader.readColumn(count: count)
    self = (0..<count).map {
      ClockSync(
        ticks: ticks[$0], monotonicNanoseconds: monotonic[$0], realtimeNanoseconds: realtime[$0])
    }
  }
}
