import TestSupport
import Testing

@testable import TraceSymbols

/// Every kind of record, and the peculiarities of the format's writers.
@Suite(.randomized) struct JitdumpParserTests {
  static func sample(isSwapped: Bool = false, headerBytes: UInt32 = 40) -> JitdumpFile {
    var file = JitdumpFile(isSwapped: isSwapped, headerBytes: headerBytes)
    file.load("first", at: 0x7000_1000, size: 64, time: 100, index: 1)
    file.lines(
      of: 0x7000_2000, [(0x7000_2000, 10, Array("a.c".utf8)), (0x7000_2008, 11, [0xff])], time: 110)
    file.unwinding([1, 2, 3, 4], headerSize: 2, mapped: 0, time: 111)
    file.load("second", at: 0x7000_2000, size: 48, time: 112, index: 2)
    file.move(from: 0x7000_1000, to: 0x7000_9000, size: 64, index: 1, time: 120)
    file.close(time: 130)
    return file
  }

  @Test(arguments: [false, true], [40, 64] as [UInt32])
  func everyRecord(isSwapped: Bool, headerBytes: UInt32) throws {
    let reading = JitdumpReading(Self.sample(isSwapped: isSwapped, headerBytes: headerBytes))
    #expect(reading.header?.pid == JitdumpFile.pid)
    #expect(reading.header?.machine == 62)
    #expect(reading.header?.usesArchitectureClock == false)
    #expect(reading.warnings == [])
    try #require(reading.records.count == 6)
    let pid = JitdumpFile.pid
    #expect(
      reading.records[0]
        == .load(
          JitdumpLoad(
            timestamp: 100, pid: pid, tid: pid + 1, address: 0x7000_1000, size: 64, codeIndex: 1,
            name: "first")))
    guard case .unwinding(let tables) = reading.records[1] else {
      Issue.record("no unwinding tables")
      return
    }
    #expect(tables.size == 4 && tables.headerSize == 2)
    let file = Self.sample(isSwapped: isSwapped, headerBytes: headerBytes)
    #expect(Array(file.bytes[Int(tables.fileOffset)...].prefix(4)) == [1, 2, 3, 4])
    #expect(reading.loads[1].name == "second")
    #expect(
      reading.records[3]
        == .lines(
          JitdumpLines(
            timestamp: 112, address: 0x7000_2000, addresses: [0x7000_2000, 0x7000_2008],
            lines: [10, 11], files: ["a.c", "a.c"])))
    #expect(
      reading.records[4]
        == .move(
          JitdumpMove(
            timestamp: 120, pid: pid, tid: pid + 1, oldAddress: 0x7000_1000,
            newAddress: 0x7000_9000, size: 64, codeIndex: 1)))
    #expect(reading.records[5] == .close(timestamp: 130))
  }

  @Test func theCodeAddressCountsNotTheVMA() {
    var file = JitdumpFile()
    file.load("julia", at: 0x7f00_0000, time: 1, vma: 0)
    #expect(JitdumpReading(file).loads.map(\.address) == [0x7f00_0000])
  }

  @Test func thereMayBeMoreBetweenNameAndCode() {
    var file = JitdumpFile()
    file.load("padded", at: 0x1000, time: 1, between: [0, 0, 7, 8, 9])
    file.load("after", at: 0x2000, time: 2)
    #expect(JitdumpReading(file).names == ["padded", "after"])
  }

  @Test func threadIDsOf64Bits() {
    var file = JitdumpFile()
    file.wideLoad("py::f:/x.py", at: 0x1_0000_4000, size: 80, time: 5)
    file.wideLoad("py::g:/x.py", at: 0x1_0000_5000, size: 16, time: 6)
    let reading = JitdumpReading(file)
    #expect(reading.names == ["py::f:/x.py", "py::g:/x.py"])
    #expect(reading.loads.map(\.address) == [0x1_0000_4000, 0x1_0000_5000])
    #expect(reading.loads.map(\.size) == [80, 16])
    #expect(reading.loads.map(\.codeIndex) == [9, 9])
    #expect(reading.loads[0].tid == 77)
    #expect(reading.warnings == [])
  }

  @Test func codeThatIsAnnouncedWithoutItsBytes() {
    var file = JitdumpFile()
    file.record(0, at: 3) { file in
      file.add(JitdumpFile.pid)
      file.add(UInt32(1))
      for word in [0x4000, 0x4000, 900, 1] as [UInt64] { file.add(word) }
      file.bytes += Array("Lfoo;::bar".utf8) + [0]
    }
    file.load("next", at: 0x9000, time: 4)
    let reading = JitdumpReading(file)
    #expect(reading.names == ["Lfoo;::bar", "next"])
    #expect(reading.loads[0].size == 900)
    #expect(reading.warnings == [])
  }

  @Test func unknownRecordsAreSkipped() {
    var file = JitdumpFile()
    file.load("a", at: 0x1000, time: 1)
    file.record(9, at: 2) { $0.bytes += [UInt8](repeating: 0xab, count: 100) }
    file.load("b", at: 0x2000, time: 3)
    let reading = JitdumpReading(file)
    #expect(reading.names == ["a", "b"])
    #expect(reading.kinds == [.unknownRecords])
  }

  @Test func recordsOfOtherProcesses() {
    var file = JitdumpFile()
    file.load("ours", at: 0x1000, time: 1)
    file.load("theirs", at: 0x2000, time: 2, pid: 99)
    file.load("ours too", at: 0x3000, time: 3)
    let reading = JitdumpReading(file)
    #expect(reading.names == ["ours", "theirs", "ours too"])
    let pids = reading.records.map { record -> UInt32? in
      if case .load(let load) = record { load.pid } else { nil }
    }
    #expect(pids[1] == 99 && pids[0] == pids[2] && pids[0] != 99)
    #expect(reading.kinds.isEmpty)
  }

  @Test func versionsAndFlags() {
    var two = JitdumpFile(version: 2, headerBytes: 8)
    two.load("mono", at: 0x1000, time: 1)
    let mono = JitdumpReading(two)
    #expect(mono.names == ["mono"])
    #expect(mono.kinds == [.versionReadAsOne(2), .shortHeader(8)])

    var three = JitdumpFile(version: 3)
    three.load("x", at: 0x1000, time: 1)
    #expect(JitdumpReading(three).records == [])
    #expect(JitdumpReading(three).kinds == [.unknownVersion(3)])

    let flagged = JitdumpReading(JitdumpFile(flags: 5))
    #expect(flagged.header?.usesArchitectureClock == true)
    #expect(flagged.kinds == [.unknownFlags(5)])
    let other = Array("something else".utf8) + [UInt8](repeating: 9, count: 40)
    #expect(JitdumpReading(other).kinds == [.notJitdump])
  }

  @Test func timesMayGoBack() {
    var file = JitdumpFile()
    for (index, time) in [100, 200, 190, 210].enumerated() {
      file.load("f\(index)", at: 0x1000 + 64 * UInt64(index), time: UInt64(time))
    }
    let reading = JitdumpReading(file)
    #expect(reading.loads.map(\.timestamp) == [100, 200, 190, 210])
    #expect(reading.warnings == [])
  }

  /// Each character has four bytes in memory, and one byte in the file.
  @Test func namesAreAsLongAsTheirBytes() {
    var file = JitdumpFile()
    let name = String(repeating: "\u{10ffff}", count: 5000)
    file.load(name, at: 0x1000, time: 1)
    let reading = JitdumpReading(file)
    #expect(reading.names == [name])
    #expect(reading.kinds == [])
  }

  /// Records without code, as written by the JVM's agent, may claim any size; those of more than 1
  /// GiB are rejected.
  @Test(arguments: [0x4000_0000, 0x4000_0001, 0x3fff_ffff_ffff] as [UInt64])
  func codeIsNoLargerThanPrograms(size: UInt64) {
    let isCode = size == 0x4000_0000
    var file = JitdumpFile()
    file.record(0, at: 1) { file in
      file.add(JitdumpFile.pid)
      file.add(JitdumpFile.pid)
      for word in [0x1000, 0x1000, size, 1] { file.add(word) }
      file.bytes += Array("claimed".utf8) + [0]
    }
    let reading = JitdumpReading(file)
    #expect(reading.names == (isCode ? ["claimed"] : []))
    #expect(reading.kinds == (isCode ? [] : [.nonsense]))
  }

  @Test func longNamesAreWholeUpToTheLimit() {
    var file = JitdumpFile()
    let long = String(repeating: "n", count: 5000)
    let tooLong = String(repeating: "m", count: 40_000)
    file.load(long, at: 0x1000, time: 1)
    file.load(tooLong, at: 0x2000, time: 2)
    file.load("short", at: 0x3000, time: 3)
    let reading = JitdumpReading(file.bytes) { 1024 }
    #expect(reading.names.map(\.utf8.count) == [5000, 16 << 10, 5])
    #expect(reading.kinds == [.longNames])
  }

  @Test func codeThatCannotBeIsSkipped() {
    var file = JitdumpFile()
    file.load("wraps", at: .max - 8, size: 32, time: 1)
    file.load("empty", at: 0x1000, size: 0, time: 2)
    file.move(from: 0x1000, to: .max - 1, size: 64, index: 0, time: 3)
    file.load("good", at: 0x2000, time: 4)
    let reading = JitdumpReading(file)
    #expect(reading.names == ["good"])
    #expect(reading.warnings.map(\.amount) == [3])
    #expect(reading.kinds == [.nonsense])
  }

  @Test func codeIsPassedOverNotRead() {
    var file = JitdumpFile()
    for index in 0..<20 {
      file.load(
        "f\(index)", at: 0x10_0000 * UInt64(index + 1), size: 400_000, time: UInt64(index + 1))
    }
    let reading = JitdumpReading(file.bytes) { 4096 }
    #expect(reading.names.count == 20)
    #expect(reading.bytesRead < 20 * 8192)
    #expect(reading.windowMax <= 4096)
  }

  @Test func theBytesMayComeInAnyWindowsWhileTheFileGrows() {
    var random = SeededGenerator()
    for isSwapped in [false, true] {
      let bytes = Self.sample(isSwapped: isSwapped).bytes
      let whole = JitdumpReading(bytes)
      for size in 1..<80 { #expect(JitdumpReading(bytes) { size } == whole) }
      for _ in 0..<100 {
        let sizes = (0..<20).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
        let reading = JitdumpReading(bytes, sizes: sizes) { 1 + random.below(300) }
        #expect(reading == whole, "growing to \(sizes)")
      }
    }
  }
}
