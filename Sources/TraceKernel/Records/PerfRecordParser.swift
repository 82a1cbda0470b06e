/// Parses the kernel's records; depends only on their bytes.
///
/// - Guarantee: never reads past the record, whatever its contents.
/// - Cost: no allocation.
public struct PerfRecordParser: Hashable, Sendable {
  /// The size of a record's header: kind, flags and size.
  public static let headerBytes = 8

  /// The fields that samples have.
  public var fields: PerfSampleFields
  /// The number of bits set in the register mask of the event's attributes.
  public var userRegisterCount: Int

  public init(fields: PerfSampleFields, userRegisterCount: Int = 0) {
    self.fields = fields
    self.userRegisterCount = userRegisterCount
  }

  /// The size of the record at the start of `bytes`; nil if there is no complete record.
  public static func recordBytes(at bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= headerBytes else { return nil }
    let size = Int(bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
    guard size >= headerBytes, size % 8 == 0, size <= bytes.count else { return nil }
    return size
  }

  /// Whether `bytes` cannot start with a record, whatever follows.
  static func isNoRecord(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= headerBytes else { return false }
    let size = Int(bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
    return size < headerBytes || size % 8 != 0
  }

  /// A complete record's stamp; nil if the record is too short to have one.
  public func stamp(_ record: UnsafeRawBufferPointer) -> PerfStamp? {
    guard record.count >= Self.headerBytes else { return nil }
    var reader = PerfFieldReader(record, from: Self.headerBytes)
    guard record.loadUnaligned(as: UInt32.self) != PerfRecordKind.sample else {
      var sample = PerfSample()
      return readSample(&reader, &sample, upToStack: false)
    }
    guard record.count >= Self.headerBytes + trailerBytes else { return nil }
    reader = PerfFieldReader(record, from: record.count - trailerBytes)
    var stamp = PerfStamp()
    (stamp.pid, stamp.tid) = reader.pair()
    stamp.nanoseconds = reader.word()
    (stamp.cpu, _) = reader.pair()
    return stamp
  }

  /// Thread, time and CPU at the end of records that are not samples; the identifier follows.
  private var trailerBytes: Int { fields.contains(.identifier) ? 32 : 24 }

  /// Parses a complete record. The result borrows its bytes.
  public func parse(_ record: UnsafeRawBufferPointer) -> PerfRecord {
    guard record.count >= Self.headerBytes else { return .malformed }
    let kind = record.loadUnaligned(as: UInt32.self)
    if kind == PerfRecordKind.sample {
      var reader = PerfFieldReader(record, from: Self.headerBytes)
      var sample = PerfSample()
      return readSample(&reader, &sample, upToStack: true) == nil ? .malformed : .sample(sample)
    }
    return Self.parse(record, trailerBytes: trailerBytes)
  }

  /// Parses a complete record and its stamp; nil if the record is too short to have one. The result
  /// borrows its bytes.
  func parseStamped(_ record: UnsafeRawBufferPointer) -> (PerfStamp, PerfRecord)? {
    guard record.count >= Self.headerBytes,
      record.loadUnaligned(as: UInt32.self) == PerfRecordKind.sample
    else { return stamp(record).map { ($0, parse(record)) } }
    var reader = PerfFieldReader(record, from: Self.headerBytes)
    var sample = PerfSample()
    if let stamp = readSample(&reader, &sample, upToStack: true) { return (stamp, .sample(sample)) }
    return stamp(record).map { ($0, .malformed) }
  }

  /// Parses a complete record that is not a sample, and whose last bytes are its stamp. The result
  /// borrows its bytes.
  ///
  /// - Parameter trailerBytes: the size of the stamp, whose fields another event may select.
  public static func parse(
    _ record: UnsafeRawBufferPointer, trailerBytes: Int
  ) -> PerfRecord {
    guard trailerBytes >= 0, record.count - trailerBytes >= headerBytes else { return .malformed }
    let kind = record.loadUnaligned(as: UInt32.self)
    let marks = record.loadUnaligned(fromByteOffset: 4, as: UInt16.self)
    var reader = PerfFieldReader(record, from: headerBytes)
    reader.end -= trailerBytes
    let result = parse(kind: kind, marks: marks, &reader)
    return reader.isShort ? .malformed : result
  }

  private static func parse(
    kind: UInt32, marks: UInt16, _ reader: inout PerfFieldReader
  ) -> PerfRecord {
    switch kind {
    case PerfRecordKind.map: return .map(readMap(&reader, marks))
    case PerfRecordKind.name:
      let (pid, tid) = reader.pair()
      return .name(
        pid: pid, tid: tid, bytes: reader.text(), isExec: marks & PerfRecordKind.isExec != 0)
    case PerfRecordKind.fork: return .fork(readTask(&reader))
    case PerfRecordKind.exit: return .exit(readTask(&reader))
    case PerfRecordKind.lost:
      _ = reader.word()
      return .lost(reader.word())
    case PerfRecordKind.lostSamples: return .lostSamples(reader.word())
    case PerfRecordKind.throttle: return .throttled
    case PerfRecordKind.contextSwitch, PerfRecordKind.contextSwitchOnCPU:
      return .contextSwitch(
        isOut: marks & PerfRecordKind.isOut != 0,
        isPreempted: marks & PerfRecordKind.isPreempted != 0)
    default: return .other
    }
  }

  /// Reads the fields in the kernel's order.
  private func readSample(
    _ reader: inout PerfFieldReader, _ sample: inout PerfSample, upToStack: Bool
  ) -> PerfStamp? {
    var stamp = PerfStamp()
    if fields.contains(.identifier) { sample.identifier = reader.word() }
    if fields.contains(.instructionPointer) { sample.instructionPointer = reader.word() }
    if fields.contains(.thread) { (stamp.pid, stamp.tid) = reader.pair() }
    if fields.contains(.time) { stamp.nanoseconds = reader.word() }
    if fields.contains(.cpu) { (stamp.cpu, _) = reader.pair() }
    if fields.contains(.period) { sample.period = reader.word() }
    guard upToStack else { return reader.isShort ? nil : stamp }
    if fields.contains(.callchain) { sample.callchain = reader.words(reader.word()) }
    if fields.contains(.raw) { sample.raw = reader.raw() }
    if fields.contains(.userRegisters) {
      sample.registersABI = reader.word()
      if sample.registersABI != 0 { sample.userRegisters = reader.words(UInt64(userRegisterCount)) }
    }
    if fields.contains(.userStack) {
      let size = reader.word()
      let stack = reader.bytes(size)
      let copied = size == 0 ? 0 : reader.word()
      sample.userStack = UnsafeRawBufferPointer(
        rebasing: stack.prefix(Int(clamping: min(copied, size))))
    }
    return reader.isShort ? nil : stamp
  }

  private static func readMap(_ reader: inout PerfFieldReader, _ marks: UInt16) -> PerfMap {
    let (pid, tid) = reader.pair()
    var map = PerfMap(
      pid: pid, tid: tid, address: reader.word(), size: reader.word(), fileOffset: reader.word())
    if marks & PerfRecordKind.hasBuildID != 0 {
      let id = reader.bytes(24)
      // One byte of length, three reserved bytes, twenty bytes of id.
      let length = Int(id.first ?? 0)
      if length > 0, length <= 20, id.count == 24 {
        map.buildID = UnsafeRawBufferPointer(rebasing: id[4..<4 + length])
      }
    } else {
      (map.major, map.minor) = reader.pair()
      map.inode = reader.word()
      _ = reader.word()
    }
    map.protection = reader.pair().0
    map.path = reader.text()
    return map
  }

  private static func readTask(_ reader: inout PerfFieldReader) -> PerfTask {
    let (pid, parentPID) = reader.pair()
    let (tid, parentTID) = reader.pair()
    return PerfTask(pid: pid, parentPID: parentPID, tid: tid, parentTID: parentTID)
  }
}

/// Reads fields in sequence. Missing fields read as 0 and set `isShort`.
private struct PerfFieldReader {
  private let record: UnsafeRawBufferPointer
  private var offset: Int
  var end: Int
  private(set) var isShort = false

  init(_ record: UnsafeRawBufferPointer, from offset: Int) {
    self.record = record
    self.offset = offset
    end = record.count
  }

  mutating func word() -> UInt64 {
    guard end - offset >= 8 else {
      isShort = true
      return 0
    }
    defer { offset += 8 }
    return record.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  mutating func pair() -> (UInt32, UInt32) {
    let word = word()
    return (UInt32(truncatingIfNeeded: word), UInt32(truncatingIfNeeded: word >> 32))
  }

  /// A size of four bytes, and as many bytes; together whole words.
  mutating func raw() -> UnsafeRawBufferPointer {
    guard end - offset >= 8 else {
      isShort = true
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    let size = UInt64(record.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    let all = bytes((size + 4 + 7) & ~7)
    return UnsafeRawBufferPointer(rebasing: all.dropFirst(4).prefix(Int(size)))
  }

  mutating func bytes(_ count: UInt64) -> UnsafeRawBufferPointer {
    guard count <= UInt64(end - offset) else {
      isShort = true
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    defer { offset += Int(count) }
    return UnsafeRawBufferPointer(rebasing: record[offset..<offset + Int(count)])
  }

  mutating func words(_ count: UInt64) -> UnsafeRawBufferPointer {
    bytes(count.multipliedReportingOverflow(by: 8).overflow ? .max : count &* 8)
  }

  /// The remaining bytes up to the first NUL.
  mutating func text() -> UnsafeRawBufferPointer {
    let rest = bytes(UInt64(end - offset))
    return UnsafeRawBufferPointer(rebasing: rest.prefix { $0 != 0 })
  }
}
