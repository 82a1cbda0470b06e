import Foundation

/// A perf.data file whose records are changed, to have what this machine's processor or perf does
/// not record.
struct PerfFile {
  private var head: [UInt8]
  /// The records as they follow one another in the file.
  var records: [[UInt8]] = []
  private var tail: [UInt8]
  private let dataEnd: Int

  init(path: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let start = Int(Self.number(bytes, 40, 8))
    dataEnd = start + Int(Self.number(bytes, 48, 8))
    head = Array(bytes[..<start])
    tail = Array(bytes[dataEnd...])
    var offset = start
    while offset + 8 <= dataEnd {
      let size = max(8, Int(Self.number(bytes, offset + 6, 2)))
      records.append(Array(bytes[offset..<min(offset + size, dataEnd)]))
      offset += size
    }
  }

  static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
    (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
  }

  static func set(_ bytes: inout [UInt8], _ offset: Int, _ size: Int, _ value: UInt64) {
    for index in 0..<size {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }

  static func words(_ values: [UInt64]) -> [UInt8] {
    values.flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
  }

  static func kind(_ record: [UInt8]) -> UInt64 { number(record, 0, 4) }

  /// A record; its content is padded to a multiple of eight bytes.
  static func record(_ kind: UInt64, misc: UInt64 = 0, _ content: [UInt8]) -> [UInt8] {
    let padded = content + [UInt8](repeating: 0, count: (8 - content.count % 8) % 8)
    var record = [UInt8](repeating: 0, count: 8) + padded
    set(&record, 0, 4, kind)
    set(&record, 4, 2, misc)
    set(&record, 6, 2, UInt64(record.count))
    return record
  }

  /// Where each event's attributes are in ``head``.
  private var attributes: [Int] {
    let (size, start) = (Int(Self.number(head, 16, 8)), Int(Self.number(head, 24, 8)))
    return stride(from: start, to: start + Int(Self.number(head, 32, 8)), by: size).map { $0 }
  }

  /// The fields that samples of the first event have.
  var sampleType: UInt64 { Self.number(head, attributes[0] + 24, 8) }

  /// Lets samples have branches of the calls that a processor keeps.
  mutating func addBranches(type: UInt64) {
    for place in attributes {
      Self.set(&head, place + 24, 8, Self.number(head, place + 24, 8) | 1 << 11)
      Self.set(&head, place + 72, 8, type)
    }
  }

  func write(to path: String) throws {
    let data = records.flatMap { $0 }
    var head = head
    Self.set(&head, 48, 8, UInt64(data.count))
    // The sections after the records move with them.
    var tail = tail
    let change = UInt64(bitPattern: Int64(head.count + data.count - dataEnd))
    let count = (0..<4).reduce(0) { $0 + Self.number(head, 72 + 8 * $1, 8).nonzeroBitCount }
    for index in 0..<count {
      Self.set(&tail, 16 * index, 8, Self.number(tail, 16 * index, 8) &+ change)
    }
    try Data(head + data + tail).write(to: URL(fileURLWithPath: path))
  }
}
