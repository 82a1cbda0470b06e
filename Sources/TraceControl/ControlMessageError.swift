package import TraceEvents

/// Why a packet is not a message of this protocol.
package enum ControlMessageError: Error, Equatable, CustomStringConvertible {
  case otherVersion(UInt8)
  case unknownKind(UInt8)
  case malformed(ByteCodingError)
  /// There are bytes after the message's end.
  case trailingBytes(Int)
  /// The packet has another number of descriptors than its message requires.
  case descriptors(Int)

  package var description: String {
    switch self {
    case .otherVersion(let version):
      "it uses version \(version) of the control protocol, not \(ControlLimits.protocolVersion)"
    case .unknownKind(let kind): "a message of unknown kind \(kind)"
    case .malformed(let error): "a malformed message (\(error.reason) at byte \(error.offset))"
    case .trailingBytes(let count): "a message with \(count) bytes too many"
    case .descriptors(let count): "a message with \(count) unexpected descriptors"
    }
  }
}

/// A message that is sent as one packet: version, kind, body.
package protocol ControlMessage: Equatable, Sendable {
  var kind: UInt8 { get }
  func writeBody(to writer: inout ByteWriter)
  init(kind: UInt8, from reader: inout ByteReader) throws(ControlMessageError)
}

extension ControlMessage {
  package func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(ControlLimits.protocolVersion)
    writer.append(kind)
    writeBody(to: &writer)
    return writer.bytes
  }

  /// - Guarantee: any bytes yield a message or an error. The allocated memory is proportional to
  ///   the packet's size.
  package init(packet: UnsafeRawBufferPointer) throws(ControlMessageError) {
    var reader = ByteReader(packet)
    let version = try malformed { () throws(ByteCodingError) in try reader.readUInt8() }
    guard version == ControlLimits.protocolVersion else { throw .otherVersion(version) }
    let kind = try malformed { () throws(ByteCodingError) in try reader.readUInt8() }
    try self.init(kind: kind, from: &reader)
    guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
  }
}

/// Runs a decoding step, and converts its error to this protocol's.
func malformed<Value>(
  _ body: () throws(ByteCodingError) -> Value
) throws(ControlMessageError) -> Value {
  do { return try body() } catch { throw .malformed(error) }
}

extension ByteReader {
  /// Reads 0 or 1; any other value is an error.
  mutating func readFlag() throws(ByteCodingError) -> Bool {
    let value = try readUInt8()
    guard value <= 1 else { throw error(.unknownValue(UInt64(value))) }
    return value == 1
  }
}

extension ByteWriter {
  mutating func append(flag: Bool) { append(flag ? 1 : 0) }

  /// Appends a string, truncated at a character boundary to the reader's limit.
  mutating func append(_ value: String, limit: Int) {
    guard value.utf8.count > limit else { return append(value) }
    var end = value.utf8.index(value.startIndex, offsetBy: limit)
    while end > value.startIndex, String.Index(end, within: value) == nil {
      end = value.utf8.index(before: end)
    }
    append(String(value[..<end]))
  }
}
