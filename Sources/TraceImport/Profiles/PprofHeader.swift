/// What a profile says of itself, as numbers of strings.
struct PprofHeader {
  private(set) var dropFrames: UInt64 = 0
  private(set) var keepFrames: UInt64 = 0
  private(set) var start_ns: Int64 = 0
  private(set) var duration_ns: Int64 = 0
  private(set) var periodType: UInt64 = 0
  private(set) var periodUnit: UInt64 = 0
  private(set) var period: Int64 = 0
  private(set) var comments: [UInt64] = []
  private(set) var defaultType: UInt64 = 0
  private(set) var url: UInt64 = 0

  private static let commentsMax = 1024

  /// Takes a field of the profile. False if its bytes are broken.
  mutating func take(
    _ number: Int, _ value: ProtobufFields.Value, in bytes: UnsafeRawBufferPointer
  ) -> Bool {
    switch (number, value) {
    case (7, .number(let text)): dropFrames = text
    case (8, .number(let text)): keepFrames = text
    case (9, .number(let time)): start_ns = Int64(bitPattern: time)
    case (10, .number(let time)): duration_ns = Int64(bitPattern: time)
    case (11, .bytes(let range)):
      var fields = ProtobufFields(bytes, range)
      while let (number, value) = fields.next() {
        guard case .number(let text) = value else { continue }
        if number == 1 { periodType = text }
        if number == 2 { periodUnit = text }
      }
      return !fields.isBroken
    case (12, .number(let value)): period = Int64(bitPattern: value)
    case (13, _):
      return ProtobufFields.forEach(value, in: bytes) {
        if comments.count < Self.commentsMax { comments.append($0) }
      }
    case (14, .number(let type)): defaultType = type
    case (15, .number(let text)): url = text
    default: break
    }
    return true
  }
}
