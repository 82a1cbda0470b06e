import Testing

@testable import TraceKernel

/// Hand-made kernel records: valid ones, and some that no kernel writes.
@Suite struct PerfRecordParserTests {
  static let parser = PerfRecordParser(fields: .framePointers)

  static func record(
    _ kind: UInt32, marks: UInt16 = 0, words: [UInt64], hasStamp: Bool = true
  ) -> [UInt8] {
    var body = words
    if hasStamp { body += [pair(7, 8), 1_000_000, pair(1, 0)] }
    let size = 8 + body.count * 8
    let head = UInt64(kind) | UInt64(marks) << 32 | UInt64(size) << 48
    return ([head] + body).flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    }
  }

  static func pair(_ low: UInt32, _ high: UInt32) -> UInt64 { UInt64(low) | UInt64(high) << 32 }

  static func sample(frames: UInt64, words: [UInt64]) -> [UInt8] {
    record(
      PerfRecordKind.sample,
      words: [0x401000, pair(7, 8), 1_000_000, pair(1, 0), 1_001_001, frames] + words,
      hasStamp: false)
  }

  @Test func aSampleHasItsStampAndItsCallers() {
    Self.sample(frames: 3, words: [0xffff_ffff_ffff_fe00, 0x401000, 0x402000]).withUnsafeBytes {
      #expect(PerfRecordParser.recordBytes(at: $0) == $0.count)
      #expect(
        Self.parser.stamp($0) == PerfStamp(pid: 7, tid: 8, nanoseconds: 1_000_000, cpu: 1))
      guard case .sample(let sample) = Self.parser.parse($0) else {
        Issue.record("no sample")
        return
      }
      #expect(sample.period == 1_001_001)
      #expect(sample.callchain.count == 24)
    }
  }

  @Test(arguments: [4, 1 << 20, UInt64.max, UInt64.max / 8 + 1])
  func aCallchainLongerThanItsRecordIsMalformed(frames: UInt64) {
    Self.sample(frames: frames, words: [1, 2, 3]).withUnsafeBytes {
      guard case .malformed = Self.parser.parse($0) else {
        Issue.record("\(frames) frames were accepted")
        return
      }
    }
  }

  @Test func losses() {
    Self.record(PerfRecordKind.lost, words: [1, 42]).withUnsafeBytes {
      guard case .lost(42) = Self.parser.parse($0) else {
        Issue.record("not lost")
        return
      }
    }
  }

  /// Every record, truncated at every length and with every byte changed, is parsed or refused.
  @Test func anyBytes() {
    let map = Self.record(
      PerfRecordKind.map, marks: PerfRecordKind.hasBuildID,
      words: [Self.pair(7, 8), 0x1000, 0x2000, 0, 20, 1, 2, 5, 0x62_2f_61_2f])
    let kinds: [UInt32] = [2, 3, 4, 5, 7, 10, 13, 14, 15, 99]
    let others = kinds.map { Self.record($0, words: [1, 2, 3, 4]) }
    for bytes in others + [map, Self.sample(frames: 2, words: [1, 2])] {
      for length in 0...bytes.count {
        Array(bytes[..<length]).withUnsafeBytes { part in
          let size = PerfRecordParser.recordBytes(at: part)
          #expect(size == nil || size! <= length)
          _ = Self.parser.stamp(part)
          _ = Self.parser.parse(part)
        }
      }
      for index in bytes.indices {
        for value in [0, 0x7f, 0xff] as [UInt8] {
          var changed = bytes
          changed[index] = value
          changed.withUnsafeBytes { part in
            if let size = PerfRecordParser.recordBytes(at: part) {
              _ = Self.parser.parse(UnsafeRawBufferPointer(rebasing: part[..<size]))
            }
          }
        }
      }
    }
  }
}
