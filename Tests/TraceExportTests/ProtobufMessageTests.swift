import Testing

@testable import TraceExport

/// What the protobuf encoding's specification says of each kind of field.
@Suite struct ProtobufMessageTests {
  private func bytes(_ fill: (inout ProtobufMessage) -> Void) -> [UInt8] {
    var message = ProtobufMessage()
    fill(&message)
    return message.withBytes { Array($0) }
  }

  /// Seven bits at a time, the low ones first.
  private func varint(_ value: UInt64) -> [UInt8] {
    var bytes = (0..<10).map { UInt8(value >> (7 * UInt64($0)) & 0x7f) }
    while bytes.count > 1, bytes.last == 0 { bytes.removeLast() }
    for index in bytes.indices.dropLast() { bytes[index] |= 0x80 }
    return bytes
  }

  @Test func integersOfAllLengths() {
    let values = (0...63).flatMap { [1 << $0, (1 << $0) - 1] as [UInt64] } + [.max]
    for value in values {
      #expect(bytes { $0.field(1, value) } == [1 << 3] + varint(value))
      #expect(Varint.byteCount(value) == varint(value).count)
    }
    let all = values.flatMap(varint)
    #expect(
      bytes { $0.field(16, packed: values) } == [0x82, 0x01] + varint(UInt64(all.count)) + all)
    #expect(bytes { $0.field(2, each: values) } == values.flatMap { [2 << 3] + varint($0) })
    #expect(bytes { $0.field(1, signed: -1) } == [8] + [UInt8](repeating: 0xff, count: 9) + [1])
  }

  @Test func nothingIsWrittenWithoutValues() {
    #expect(bytes { $0.field(1, packed: []) } == [])
    #expect(bytes { $0.field(1, each: []) } == [])
    #expect(bytes { $0.append(ProtobufMessage()) } == [])
    #expect(bytes { $0.field(1, text: "") } == [0x0a, 0])
  }

  @Test func numbersWithFractionsAreLittleEndian() {
    #expect(bytes { $0.field(5, double: 1.5) } == [5 << 3 | 1, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f])
  }

  /// The memory of a message grows, and keeps what is in it.
  @Test func messagesInMessages() {
    var inner = ProtobufMessage()
    for _ in 0..<100 { inner.field(3, text: "text of é") }
    let content = inner.withBytes { Array($0) }
    let first: [UInt8] = [0x1a, 10] + Array("text of é".utf8)
    #expect(Array(content.prefix(12)) == first)
    #expect(content.count == 1200)
    #expect(inner.count == 1200)
    let heading: [UInt8] = [0x0a] + varint(1200)
    #expect(bytes { $0.field(1, inner) } == heading + content)
    #expect(bytes { $0.field(1, inner, then: nil) } == heading + content)
    #expect(
      bytes { $0.field(1, inner, then: inner) } == [0x0a] + varint(2400) + content + content)
    let copy = inner
    inner.clear()
    #expect(inner.isEmpty)
    inner.field(1, 1)
    #expect(inner.withBytes { Array($0) } == [8, 1])
    #expect(copy.withBytes { Array($0) } == content)
  }
}
