import Glibc
import TraceEvents
import TraceFormat

/// A valid trace file with one block with any payload and correct checksums.
enum SealedTrace {
  private static let fileID: UInt32 = 0x5eed_5eed

  /// File header, session and event types, as the writer writes them.
  private static let prefix: [UInt8] = {
    let file = tmpfile()!
    let descriptor = fileno(file)
    var options = TraceWriter.Options()
    options.fileID = fileID
    let session = SessionDescription(
      name: "fuzz", clock: .counter, ticksPerSecond: 1_000_000_000,
      start: ClockSync(ticks: 0, monotonicNanoseconds: 0, realtimeNanoseconds: 0))
    var writer = try! TraceWriter(
      descriptor: dup(descriptor), path: "fuzz", session: session, options: options)
    for (index, type) in fieldTypes.enumerated() {
      let ref = UInt16(index + 1)
      let fields = [FieldSchema("one", type), FieldSchema("all", .array(type.element))]
      try! writer.define(
        ref: ref, schema: EventSchema(provider: "Fuzz", id: ref, name: "E\(ref)", fields: fields))
    }
    try! writer.flush()
    var bytes = [UInt8](repeating: 0, count: Int(writer.byteCount))
    let count = pread(descriptor, &bytes, bytes.count, 0)
    precondition(count == bytes.count)
    fclose(file)
    return bytes
  }()

  private static let fieldTypes: [FieldType] =
    [.uint8, .int32, .uint64, .bool, .float, .double, .string, .bytes]

  static func bytes(kind: UInt8, payload: [UInt8]) -> [UInt8] {
    // Ticks and counts that are valid for many payloads: the count is taken from the payload.
    let stacks = wishedStacks(payload)
    let count = kind == 2 ? wishedCount(payload) : kind == 3 ? stacks.count : 1
    var header: [UInt8] = [0xc5, 0x42, 0x4c, 0x4b]
    append(fileID, to: &header)
    header += [kind, 0, 0, 0]
    append(UInt32(payload.count), to: &header)
    append(count, to: &header)
    append(UInt32(3), to: &header)
    append(UInt64(kind == 3 ? 1 : 0), to: &header)
    append(kind == 3 ? stacks.last : UInt64.max, to: &header)
    append(crc32c(payload), to: &header)
    append(crc32c(header), to: &header)
    return prefix + header + payload
  }

  /// The number of events in the directory's first line.
  private static func wishedCount(_ payload: [UInt8]) -> UInt32 {
    guard payload.count >= 12 else { return 0 }
    return payload[8..<12].reversed().reduce(0) { $0 << 8 | UInt32($1) } & 0xffff
  }

  /// The first id and the number of nodes at the start of an uncompressed payload.
  private static func wishedStacks(_ payload: [UInt8]) -> (count: UInt32, last: UInt64) {
    guard payload.count >= 10 else { return (1, 1) }
    let count = max(payload[9] & 0x7f, 1)
    return (UInt32(count), UInt64(max(payload[8] & 0x7f, 1)) + UInt64(count) - 1)
  }

  private static func append<T: FixedWidthInteger>(_ value: T, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  private static func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 0 ? 0 : 0x82f6_3b78) }
    }
    return ~crc
  }
}
