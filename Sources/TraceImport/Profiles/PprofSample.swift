/// A sample as it is in the file; read into one that is reused.
struct PprofSample {
  /// Ids of the locations, innermost first.
  private(set) var locations: [UInt64] = []
  private(set) var values: [Int64] = []
  /// Where the labels' messages are.
  private(set) var labels: [Range<Int>] = []

  private static let labelsMax = 256
  private static let locationsMax = 16_384

  /// False if its bytes are broken.
  mutating func read(_ range: Range<Int>, of bytes: UnsafeRawBufferPointer) -> Bool {
    locations.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    labels.removeAll(keepingCapacity: true)
    var fields = ProtobufFields(bytes, range)
    while let (number, value) = fields.next() {
      var isWhole = true
      switch (number, value) {
      case (1, _):
        isWhole = ProtobufFields.forEach(value, in: bytes) {
          if locations.count < Self.locationsMax { locations.append($0) }
        }
      case (2, _):
        isWhole = ProtobufFields.forEach(value, in: bytes) {
          if values.count < Self.locationsMax { values.append(Int64(bitPattern: $0)) }
        }
      case (3, .bytes(let range)): if labels.count < Self.labelsMax { labels.append(range) }
      default: break
      }
      if !isWhole { return false }
    }
    return !fields.isBroken
  }
}

/// A label of a sample: a text, or a number with its unit.
struct PprofLabel {
  var key = ""
  var text = ""
  var number: Int64 = 0
  var unit = ""

  init(_ range: Range<Int>, of profile: PprofProfile) {
    var fields = ProtobufFields(profile.bytes, range)
    // Texts are read last: a message may repeat their numbers.
    var texts: (key: UInt64, text: UInt64, unit: UInt64) = (0, 0, 0)
    while let (field, value) = fields.next() {
      guard case .number(let value) = value else { continue }
      switch field {
      case 1: texts.key = value
      case 2: texts.text = value
      case 3: number = Int64(bitPattern: value)
      case 4: texts.unit = value
      default: break
      }
    }
    key = profile.string(texts.key)
    text = profile.string(texts.text)
    unit = profile.string(texts.unit)
  }

  var isText: Bool { !text.isEmpty }

  var byteCount: Int { 16 + key.utf8.count + text.utf8.count + unit.utf8.count }

  /// `key=text`, or `key=4096 bytes`.
  var written: String {
    isText ? "\(key)=\(text)" : unit.isEmpty ? "\(key)=\(number)" : "\(key)=\(number) \(unit)"
  }
}

/// The process and the thread of a sample, as its labels tell.
struct PprofOwner: Equatable {
  var pid: UInt32?
  var process: String?
  var tid: UInt32?
  var thread: String?

  mutating func take(_ label: PprofLabel) {
    let number = label.isText ? UInt32(label.text) : UInt32(exactly: label.number)
    switch label.key {
    case "pid": pid = number
    case "process": process = label.text
    case "tid": tid = number
    case "thread": thread = label.text
    default: break
    }
  }
}
