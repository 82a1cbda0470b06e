/// The tables of a profile.proto message. Its parts stay where they are and are read when needed.
///
/// - Guarantee: accepts any bytes. References to what does not exist are empty.
/// - Cost: two passes over the bytes; memory is half a byte for each string, and 8 for each
///   distinct id of a location or a function, which take at least 2 and 6 bytes in the file.
struct PprofProfile {
  /// A part of the program's memory.
  struct Mapping {
    var start: UInt64 = 0
    var limit: UInt64 = 0
    var offset: UInt64 = 0
    /// Numbers of strings.
    var path: UInt64 = 0
    var buildID: UInt64 = 0
  }

  let bytes: UnsafeRawBufferPointer
  private var strings = PprofStrings()
  private var typeNumbers: [(type: UInt64, unit: UInt64)] = []
  private var functions = PprofNumbers()
  private(set) var locations = PprofNumbers()
  /// The mappings by id.
  private(set) var mappings: [UInt64: Mapping] = [:]
  private var mappingRanges: [(id: UInt64, range: Range<Int>)] = []
  /// The id of the first mapping, which is the program.
  private(set) var mainMapping: UInt64?
  private(set) var header = PprofHeader()
  private(set) var sampleCount = 0
  /// Whether the bytes end within a field, or are no fields.
  private(set) var isBroken = false

  /// Names are cut at this number of bytes.
  private static let nameBytesMax = 4096
  private static let typesMax = 64
  private static let mappingsMax = 16_384

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    reserve()
    var fields = ProtobufFields(bytes, 0..<bytes.count)
    while let (number, value) = fields.next() {
      strings.pass(isString: number == 6 && value.isBytes, at: fields.start)
      take(number, value, at: fields.valueStart)
    }
    isBroken = isBroken || fields.isBroken
    functions.settle()
    locations.settle()
    for (id, range) in mappingRanges { mappings[id] = mapping(range) }
    mappingRanges = []
  }

  /// Reserves room for what there can be: arrays that grow take twice as much. Room that is not
  /// used takes no memory.
  private mutating func reserve() {
    var counts = (functions: 0, locations: 0)
    var fields = ProtobufFields(bytes, 0..<bytes.count)
    while let (number, _) = fields.next() {
      switch number {
      case 4: counts.locations += 1
      case 5: counts.functions += 1
      default: break
      }
    }
    functions.reserve(counts.functions)
    locations.reserve(counts.locations)
  }

  private mutating func take(_ number: Int, _ value: ProtobufFields.Value, at start: Int) {
    switch (number, value) {
    case (1, .bytes(let range)):
      guard typeNumbers.count < Self.typesMax else { return isBroken = true }
      let type = numbers(range, 1, 2)
      typeNumbers.append((type.0, type.1))
    case (2, .bytes): sampleCount += 1
    case (3, .bytes(let range)):
      let id = numbers(range, 1, 1).0
      guard id > 0, mappingRanges.count < Self.mappingsMax else { return isBroken = true }
      mainMapping = mainMapping ?? id
      mappingRanges.append((id, range))
    case (4, .bytes(let range)): locations.add(numbers(range, 1, 1).0, at: start)
    case (5, .bytes(let range)): functions.add(numbers(range, 1, 1).0, at: start)
    case (6, _): break
    default:
      if !header.take(number, value, in: bytes) { isBroken = true }
    }
  }

  /// Returns the last value of two fields of a message; 0 for a missing one.
  private mutating func numbers(
    _ range: Range<Int>, _ first: Int, _ second: Int
  ) -> (UInt64, UInt64) {
    var found: (UInt64, UInt64) = (0, 0)
    var fields = ProtobufFields(bytes, range)
    while let (number, value) = fields.next() {
      guard case .number(let value) = value else { continue }
      if number == first { found.0 = value }
      if number == second { found.1 = value }
    }
    isBroken = isBroken || fields.isBroken
    return found
  }

  private func mapping(_ range: Range<Int>) -> Mapping {
    var mapping = Mapping()
    var fields = ProtobufFields(bytes, range)
    while let (number, value) = fields.next() {
      guard case .number(let value) = value else { continue }
      switch number {
      case 2: mapping.start = value
      case 3: mapping.limit = value
      case 4: mapping.offset = value
      case 5: mapping.path = value
      case 6: mapping.buildID = value
      default: break
      }
    }
    return mapping
  }

  // MARK: What the tables say

  /// The text with a number; empty if there is none.
  func string(_ number: UInt64) -> String {
    guard let range = strings.range(number, in: bytes) else { return "" }
    return String(decoding: bytes[range].prefix(Self.nameBytesMax), as: UTF8.self)
  }

  var types: [(name: String, unit: String)] {
    typeNumbers.map { (string($0.type), string($0.unit)) }
  }

  var typeCount: Int { typeNumbers.count }

  /// The type that tools show first: the one that the profile names, or the last.
  var shownType: Int? {
    let wanted = string(header.defaultType)
    let found = wanted.isEmpty ? nil : types.firstIndex { $0.name == wanted }
    return found ?? (typeNumbers.isEmpty ? nil : typeNumbers.count - 1)
  }

  /// Where a function is; nil if there is none.
  func function(_ id: UInt64) -> Range<Int>? {
    functions.position(id).map { ProtobufFields.sized(bytes, at: functions.offset(at: $0)) }
  }

  /// Where a location is, by its position in ``locations``.
  func location(at position: Int) -> Range<Int> {
    ProtobufFields.sized(bytes, at: locations.offset(at: position))
  }

  /// Number of messages whose ids are 0 or too large.
  var unusableIDs: Int { functions.unusable + locations.unusable }
}
