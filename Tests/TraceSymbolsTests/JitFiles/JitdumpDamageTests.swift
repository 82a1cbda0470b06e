import Testing

@testable import TraceSymbols

/// Files that were torn, overwritten, or written by several processes at a time.
@Suite struct JitdumpDamageTests {
  /// A time after an hour of uptime.
  private static let time: UInt64 = 3_600_000_000_000

  private func file(loads count: Int, size: Int = 40) -> JitdumpFile {
    var file = JitdumpFile()
    for index in 0..<count {
      file.load(
        "function \(index)", at: 0x7000_0000 + UInt64(index) * 0x1000, size: size,
        time: Self.time + UInt64(index) * 10)
    }
    return file
  }

  @Test func whatComesBeforeACutIsRead() {
    let bytes = file(loads: 4).bytes
    let whole = JitdumpReading(bytes)
    let recordBytes = (bytes.count - 40) / 4
    for count in 40...bytes.count {
      let reading = JitdumpReading(Array(bytes.prefix(count)))
      let isCut = (count - 40) % recordBytes != 0
      #expect(reading.loads == Array(whole.loads.prefix(reading.loads.count)))
      #expect(reading.loads.count >= (count - 40) / recordBytes)
      #expect(reading.kinds == (isCut ? [.truncated] : []), "cut at \(count)")
    }
    for count in 0..<40 {
      #expect(JitdumpReading(Array(bytes.prefix(count))).kinds == [.notJitdump])
    }
  }

  /// A function whose name is complete but whose code bytes are missing is kept, because the code
  /// runs.
  @Test func aFunctionWhoseCodeIsCutIsNamed() {
    let bytes = file(loads: 2, size: 500).bytes
    let reading = JitdumpReading(Array(bytes.dropLast(352)))
    #expect(reading.names == ["function 0", "function 1"])
    #expect(reading.warnings.map(\.amount) == [352])
  }

  @Test func zeroedAndOverwrittenRecordsAreSkipped() {
    let bytes = file(loads: 6).bytes
    let recordBytes = (bytes.count - 40) / 6
    let start = 40 + 2 * recordBytes
    for filler in [0, 0xff, 0x41] as [UInt8] {
      var damaged = bytes
      for offset in start..<start + recordBytes { damaged[offset] = filler }
      let reading = JitdumpReading(damaged)
      #expect(reading.names == [0, 1, 3, 4, 5].map { "function \($0)" })
      #expect(reading.kinds == [.damage])
      #expect(reading.warnings.first?.amount == UInt64(recordBytes))
      #expect(reading.warnings.first?.offset == UInt64(start))
    }
  }

  @Test func aRecordInsideAnotherIsFound() {
    var inner = JitdumpFile()
    inner.load("inner", at: 0x1000, size: 100, time: Self.time + 5)
    var outer = file(loads: 1, size: 3000)
    outer.bytes.insert(contentsOf: inner.bytes.dropFirst(40), at: outer.bytes.count - 1500)
    outer.load("after", at: 0x5000, time: Self.time + 10)
    let reading = JitdumpReading(outer)
    #expect(reading.names == ["function 0", "inner", "after"])
    #expect(Set(reading.kinds) == [.interleaved, .damage])
  }

  @Test func aRecordThatClaimsGigabytesCostsNothing() {
    var huge = file(loads: 2)
    let start = huge.bytes.count
    huge.load("liar", at: 0x9000, time: Self.time + 30)
    for offset in start + 4..<start + 8 { huge.bytes[offset] = 0xff }
    huge.load("after", at: 0xa000, time: Self.time + 40)
    let reading = JitdumpReading(huge)
    #expect(reading.names == ["function 0", "function 1", "after"])
    // A record with a plausible size is scanned when the file has ended.
    huge.bytes.replaceSubrange(start + 4..<start + 8, with: [0, 0, 0, 0x20])
    let late = JitdumpReading(huge)
    #expect(late.names == ["function 0", "function 1", "liar", "after"])
    #expect(late.kinds == [.truncated, .interleaved] || late.kinds == [.truncated])
    #expect(late.windowMax <= 1 << 16)
  }

  /// Half a record, then a whole one, as if a writer was killed and another one continued.
  @Test func tornHeads() {
    let good = file(loads: 3).bytes
    var torn = JitdumpFile()
    torn.load("torn", at: 0x7100_0000, time: Self.time + 15)
    let head = Array(torn.bytes.dropFirst(40))
    for count in 1..<head.count - 41 {
      let recordBytes = (good.count - 40) / 3
      var bytes = good
      bytes.insert(contentsOf: head.prefix(count), at: 40 + 2 * recordBytes)
      let reading = JitdumpReading(bytes)
      #expect(reading.names.contains("function 2"), "after \(count) bytes")
      #expect(reading.names.prefix(2) == ["function 0", "function 1"])
      #expect(!reading.warnings.isEmpty)
    }
  }

  @Test func anyByteMayBeWrong() {
    let bytes = JitdumpParserTests.sample().bytes
    for offset in bytes.indices {
      for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
        var damaged = bytes
        damaged[offset] = value
        let isSame = JitdumpReading(damaged) == JitdumpReading(damaged) { 1 }
        #expect(isSame, "byte \(offset) = \(value)")
      }
    }
  }

  @Test func anyStretchMayBeMissingOrTwice() {
    let bytes = file(loads: 5).bytes
    let names = Set(JitdumpReading(bytes).names)
    for start in stride(from: 40, to: bytes.count, by: 7) {
      for count in [1, 8, 50, 120] {
        let end = min(bytes.count, start + count)
        var without = bytes
        without.removeSubrange(start..<end)
        var twice = bytes
        twice.insert(contentsOf: bytes[start..<end], at: end)
        for damaged in [without, twice] {
          let reading = JitdumpReading(damaged)
          // All records except the damaged ones.
          let lost = names.subtracting(reading.names)
          let words = reading.warnings.map(\.text)
          #expect(lost.count <= 3, "\(start) + \(count): \(words)")
          #expect(reading.records.count <= 10)
        }
      }
    }
  }

  /// Each record seems to end where no record can begin: the number of rescans is limited.
  @Test func goingBackIsBounded() {
    var hostile = JitdumpFile()
    for index in 0..<3000 {
      let start = hostile.bytes.count
      hostile.load("h", at: 0x1000 + UInt64(index) * 64, size: 32, time: Self.time + UInt64(index))
      hostile.bytes.replaceSubrange(start + 4..<start + 8, with: [0, 0, 1, 0])
    }
    hostile.bytes += [UInt8](repeating: 0xee, count: 1 << 17)
    let reading = JitdumpReading(hostile.bytes) { 4096 }
    #expect(reading.bytesRead < 64 * hostile.bytes.count)
    #expect(!reading.loads.isEmpty)
  }
}
