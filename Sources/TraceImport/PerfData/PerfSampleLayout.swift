internal import TraceKernel

/// A sample, and the fields of it that ``PerfSample`` lacks. Bytes are borrowed from the record.
struct PerfDataSample {
  var stamp = PerfStamp()
  var sample = PerfSample()
  /// The data address (PERF_SAMPLE_ADDR).
  var address: UInt64 = 0
  /// Entries of 24 bytes: from, to, flags.
  var branches = UnsafeRawBufferPointer(start: nil, count: 0)
}

/// Where an event's samples, and its other records, have their fields.
struct PerfSampleLayout: Hashable {
  let fields: PerfSampleFields
  private let attributes: PerfAttributes
  private let userRegisterCount: Int
  /// The registers' places in the record, in the order of ``UnwindRegisters``; nil if one of them
  /// is not recorded.
  let registerPlaces: [Int]?

  init(_ attributes: PerfAttributes) {
    self.attributes = attributes
    fields = attributes.fields
    let mask = attributes.userRegisters
    userRegisterCount = mask.nonzeroBitCount
    // ax … sp, ip, and r8 … r15 of x86-64.
    let wanted = Array(0...8) + Array(16...23)
    let isWhole = wanted.allSatisfy { mask & 1 << UInt64($0) != 0 }
    registerPlaces =
      isWhole ? wanted.map { (mask & (1 << UInt64($0) - 1)).nonzeroBitCount } : nil
  }

  // MARK: Which event wrote a record

  /// The number of the event that wrote a record; nil if records have none.
  func identifier(of record: UnsafeRawBufferPointer, isSample: Bool) -> UInt64? {
    let bytes = ForeignBytes(record)
    if fields.contains(.identifier) {
      return bytes.word64(isSample ? 8 : record.count - 8)
    }
    guard fields.contains(.id) else { return nil }
    if isSample {
      let before: [PerfSampleFields] = [.instructionPointer, .thread, .time, .address]
      return bytes.word64(8 + 8 * before.count { fields.contains($0) })
    }
    return bytes.word64(record.count - 8 * (1 + [.streamID, .cpu].count { fields.contains($0) }))
  }

  // MARK: Stamps

  /// The stamp at the end of a record that is not a sample; nil if it has none.
  func stamp(_ record: UnsafeRawBufferPointer) -> PerfStamp? {
    let size = fields.trailerBytes
    guard attributes.stampsAll, record.count >= 8 + size else { return nil }
    var reader = ForeignReader(record, at: record.count - size)
    var stamp = PerfStamp()
    if fields.contains(.thread) { (stamp.pid, stamp.tid) = (reader.word32(), reader.word32()) }
    if fields.contains(.time) { stamp.nanoseconds = reader.word64() }
    if fields.contains(.id) { reader.skip(8) }
    if fields.contains(.streamID) { reader.skip(8) }
    if fields.contains(.cpu) { stamp.cpu = reader.word32() }
    return stamp
  }

  /// Whether records that are not samples end with a stamp.
  var stampsAll: Bool { attributes.stampsAll }

  /// The size of the stamp of a record that is not a sample.
  var trailerBytes: Int { attributes.stampsAll ? fields.trailerBytes : 0 }

  /// The time of a sample; 0 if samples have none.
  func time(ofSample record: UnsafeRawBufferPointer) -> UInt64 {
    guard fields.contains(.time) else { return 0 }
    let before: [PerfSampleFields] = [.identifier, .instructionPointer, .thread]
    return ForeignBytes(record).word64(8 + 8 * before.count { fields.contains($0) })
  }

  // MARK: Samples

  /// Reads a sample in the kernel's order of fields; nil if it is too short for them.
  func parse(_ record: UnsafeRawBufferPointer) -> PerfDataSample? {
    var reader = ForeignReader(record, at: 8)
    var result = PerfDataSample()
    if fields.contains(.identifier) { reader.skip(8) }
    if fields.contains(.instructionPointer) { result.sample.instructionPointer = reader.word64() }
    if fields.contains(.thread) {
      (result.stamp.pid, result.stamp.tid) = (reader.word32(), reader.word32())
    }
    if fields.contains(.time) { result.stamp.nanoseconds = reader.word64() }
    if fields.contains(.address) { result.address = reader.word64() }
    if fields.contains(.id) { reader.skip(8) }
    if fields.contains(.streamID) { reader.skip(8) }
    if fields.contains(.cpu) {
      result.stamp.cpu = reader.word32()
      reader.skip(4)
    }
    result.sample.period =
      fields.contains(.period)
      ? reader.word64() : attributes.usesFrequency ? 0 : attributes.samplePeriod
    if fields.contains(.read) { skipRead(&reader) }
    if fields.contains(.callchain) { result.sample.callchain = words(&reader, of: 8) }
    if fields.contains(.raw) {
      let size = UInt64(reader.word32())
      result.sample.raw = reader.bytes(size)
    }
    if fields.contains(.branchStack) { result.branches = branches(&reader) }
    if fields.contains(.userRegisters) {
      result.sample.registersABI = reader.word64()
      if result.sample.registersABI != 0 {
        result.sample.userRegisters = reader.bytes(UInt64(8 * userRegisterCount))
      }
    }
    if fields.contains(.userStack) {
      let size = reader.word64()
      let stack = reader.bytes(size)
      let copied = size == 0 ? 0 : reader.word64()
      result.sample.userStack = UnsafeRawBufferPointer(
        rebasing: stack.prefix(Int(clamping: min(copied, size))))
    }
    return reader.isShort ? nil : result
  }

  /// A number, and as many entries.
  private func words(_ reader: inout ForeignReader, of size: UInt64) -> UnsafeRawBufferPointer {
    let (bytes, overflows) = reader.word64().multipliedReportingOverflow(by: size)
    return reader.bytes(overflows ? .max : bytes)
  }

  private func branches(_ reader: inout ForeignReader) -> UnsafeRawBufferPointer {
    let count = reader.word64()
    if attributes.branchType & 1 << 17 != 0 { reader.skip(8) }
    let (bytes, overflows) = count.multipliedReportingOverflow(by: 24)
    let entries = reader.bytes(overflows ? .max : bytes)
    if attributes.branchType & 1 << 19 != 0 { _ = reader.bytes(count &* 8) }
    return entries
  }

  /// The event's count, or those of its group.
  private func skipRead(_ reader: inout ForeignReader) {
    let format = attributes.readFormat
    let times = 8 * (Int(format & 1) + Int(format >> 1 & 1))
    let entry = 8 + 8 * (Int(format >> 2 & 1) + Int(format >> 4 & 1))
    guard format & 1 << 3 != 0 else { return reader.skip(entry + times) }
    let count = reader.word64()
    reader.skip(times)
    let (bytes, overflows) = count.multipliedReportingOverflow(by: UInt64(entry))
    _ = reader.bytes(overflows ? .max : bytes)
  }
}
