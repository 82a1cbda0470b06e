internal import TraceEvents
internal import TraceFormat

/// The value that identifies an activity.
enum ActivityID: Hashable {
  case thread(UInt32)
  case number(UInt64, isSigned: Bool)
  case text(String)
  case bytes([UInt8])

  /// Maximum number of bytes that are compared; a W3C `traceparent` has 55.
  static let bytesMax = 128

  init(_ event: borrowing RawEvent, _ type: ActivityType) {
    guard let (field, element) = type.id else {
      self = .thread(event.header.tid)
      return
    }
    switch element {
    case .string:
      let bytes = event.bytes(field).prefix(Self.bytesMax)
      self = .text(String(decoding: bytes, as: UTF8.self))
    case .bytes: self = .bytes(Array(event.bytes(field).prefix(Self.bytesMax)))
    case .scalar(let scalar): self = .number(event.word(field), isSigned: scalar.isSigned)
    case .enumeration(let schema):
      self = .number(event.word(field), isSigned: schema.underlying.isSigned)
    }
  }

  /// The id as text; bytes as hexadecimal digits.
  var text: String {
    switch self {
    case .thread(let thread): "thread \(thread)"
    case .number(let word, let isSigned): isSigned ? "\(Int64(bitPattern: word))" : "\(word)"
    case .text(let text): text
    case .bytes(let bytes):
      bytes.reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
    }
  }
}
