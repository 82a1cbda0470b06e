import Foundation

/// Profiles in which few bytes ask for much memory or much time.
enum HostileProfile: String, CaseIterable {
  /// Tables of very many entries.
  case strings, locations, functions, mappings
  /// Ids that repeat, out of order.
  case repeatedIDs
  /// A location, a line and a sample, again and again.
  case lines
  /// Samples whose labels refer to one long text.
  case labels
  /// Stacks of locations with very many inlined calls.
  case frames
  /// Functions with long names, in very many places.
  case names
  /// Processes with long names.
  case processes
  /// Strings with other fields between them.
  case scattered
  /// Stacks that share no frames: of places without lines, and of pairs of few places.
  case places, pairs
  /// Functions with names of their own, each in one place and one sample.
  case distinctFunctions
  /// One function of megabytes, in very many places, and one such place in very many samples.
  case longFunction, longPlace
  /// Lines and labels that name their function, or their key, again and again.
  case repeatedNames, repeatedKeys

  /// Returns a profile of about a number of bytes.
  func bytes(_ count: Int) -> [UInt8] {
    var file = [UInt8](reserving: count + 8192)
    file.field(1, number(1, 1) + number(2, 2))
    for text in ["", "samples", "count", "pid", "process"] { file.field(6, Array(text.utf8)) }
    let long = [UInt8](repeating: 0x61, count: 4096)
    file.field(6, long)
    begin(&file)
    var index: UInt64 = 1
    while file.count < count {
      add(index, &file)
      index += 1
    }
    return file
  }

  private func number(_ field: UInt64, _ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.number(field, value)
    return bytes
  }

  /// A field again and again.
  private func numbers(_ field: UInt64, _ value: UInt64, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<count { bytes.number(field, value) }
    return bytes
  }

  /// Writes what all entries refer to.
  private func begin(_ file: inout [UInt8]) {
    switch self {
    case .lines, .names, .frames:
      file.field(5, number(1, 1) + number(2, 5) + number(3, 5) + number(4, 5))
    default: break
    }
    switch self {
    case .longFunction: file.field(5, number(1, 1) + number(2, 5) + numbers(5, 1, 1 << 20))
    case .longPlace: file.field(4, number(1, 1) + number(3, 4096) + numbers(5, 1, 1 << 20))
    case .repeatedNames: file.field(5, number(1, 1) + numbers(2, 5, 60))
    case .pairs:
      for id in 1...5000 as ClosedRange<UInt64> {
        file.field(4, number(1, id) + number(3, id * 16))
      }
    default: break
    }
    guard self == .frames else { return }
    var line: [UInt8] = []
    line.field(4, number(1, 1))
    let lines = (0..<200).flatMap { _ in line }
    for id in 1...40 as ClosedRange<UInt64> { file.field(4, number(1, id) + lines) }
  }

  private func add(_ index: UInt64, _ file: inout [UInt8]) {
    var part: [UInt8] = []
    switch self {
    case .strings: file.field(6, [])
    case .scattered:
      for _ in 0..<7 { file.number(12, 1) }
      file.field(6, [])
    case .locations: file.field(4, number(1, index))
    case .functions: file.field(5, number(1, index))
    case .repeatedIDs: file.field(4, number(1, index % 2 == 0 ? 2 : index % 1_000_003 + 1))
    case .mappings: file.field(3, number(1, index) + number(5, 5) + number(6, 5))
    case .lines:
      part.field(4, number(1, 1) + number(2, index))
      file.field(4, number(1, index) + part)
      file.field(2, number(1, index) + number(2, 1))
    case .labels:
      part.field(3, number(1, 5) + number(2, 5))
      file.field(2, number(2, 1) + (0..<50).flatMap { _ in part })
    case .frames: file.field(2, (1...40).flatMap { number(1, $0) } + number(2, 1))
    case .names:
      part.field(4, number(1, 1) + number(2, index))
      file.field(4, number(1, index) + (0..<100).flatMap { _ in part })
      file.field(2, number(1, index) + number(2, 1))
    case .processes:
      part.field(3, number(1, 3) + number(3, index))
      part.field(3, number(1, 4) + number(2, 5))
      file.field(2, number(2, 1) + part)
    default: addPlace(index, &file)
    }
  }

  /// Adds what makes a trace's tables large, or what is read again and again.
  private func addPlace(_ index: UInt64, _ file: inout [UInt8]) {
    var (place, sample) = (number(1, index), number(1, index))
    switch self {
    case .pairs: sample = number(1, index % 5000 + 1) + number(1, index / 5000 % 5000 + 1)
    case .distinctFunctions:
      file.field(6, Array("f\(index)".utf8))
      file.field(5, number(1, index) + number(2, index + 5))
      place.field(4, number(1, index))
    case .longFunction: place.field(4, number(1, 1) + number(2, index))
    case .longPlace: sample = number(1, 1)
    case .repeatedNames: place.field(4, numbers(1, 1, 100_000))
    case .repeatedKeys:
      sample = []
      sample.field(3, numbers(1, 5, 100_000) + number(3, 1))
    default: place += number(3, index)
    }
    if self != .pairs, self != .longPlace, self != .repeatedKeys { file.field(4, place) }
    file.field(2, sample + number(2, 1))
  }
}

extension [UInt8] {
  fileprivate init(reserving capacity: Int) {
    self = []
    reserveCapacity(capacity)
  }

  fileprivate mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7f {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  fileprivate mutating func number(_ field: UInt64, _ value: UInt64) {
    varint(field << 3)
    varint(value)
  }

  fileprivate mutating func field(_ field: UInt64, _ content: [UInt8]) {
    varint(field << 3 | 2)
    varint(UInt64(content.count))
    self += content
  }
}
