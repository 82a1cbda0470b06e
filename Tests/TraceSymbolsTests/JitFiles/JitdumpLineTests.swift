import Testing

@testable import TraceSymbols

/// Source lines: the bounds of rows, and the base of their addresses.
@Suite struct JitdumpLineTests {
  private let address: UInt64 = 0x7fab_6c00_6880

  private func lines(_ file: JitdumpFile) -> [JitdumpLines] {
    JitdumpReading(file).records.compactMap {
      if case .lines(let lines) = $0 { lines } else { nil }
    }
  }

  @Test func v8CountsFromAnELFHeaderBefore() {
    var file = JitdumpFile(pad: 0xdead_beef)
    // The first row may be after the function's first byte.
    file.lines(
      of: address, [(address + 0x43, 421, Array("x.js".utf8)), (address + 0x5b, 422, [0xff])],
      time: 1, padding: 5)
    file.load("JS:^SafeSet x.js:421:16", at: address, size: 0x40, time: 2)
    let found = lines(file)
    #expect(found.map(\.addresses) == [[address + 3, address + 0x1b]])
    #expect(found.map(\.files) == [["x.js", "x.js"]])
    #expect(JitdumpReading(file).warnings == [])
  }

  @Test func othersWriteTheAddressItself() {
    var file = JitdumpFile()
    file.lines(of: address, [(address, 1, [0x61]), (address + 0x50, 2, [0x62])], time: 1)
    file.load("f", at: address, size: 0x60, time: 2)
    file.lines(of: address + 0x100, [(address + 0x140, 9, [0x61])], time: 3)
    file.load("g", at: address + 0x100, size: 0x60, time: 4)
    // The first function's rows determine the base, although the second's look like V8's.
    #expect(
      lines(file).map(\.addresses) == [[address, address + 0x50], [address + 0x140]])
  }

  @Test func anUnmarkedFileIsToldByItsFirstRowOrByRowsBehindTheCode() {
    var first = JitdumpFile()
    first.lines(of: address, [(address + 0x40, 1, [0x61])], time: 1)
    first.load("f", at: address, size: 0x60, time: 2)
    #expect(lines(first).map(\.addresses) == [[address]])
    var behind = JitdumpFile()
    behind.lines(of: address, [(address + 0x44, 1, [0x61]), (address + 0x61, 2, [0x61])], time: 1)
    behind.load("f", at: address, size: 0x30, time: 2)
    #expect(lines(behind).map(\.addresses) == [[address + 4, address + 0x21]])
  }

  @Test func fileNamesThatV8ReadFromFreedMemory() {
    var file = JitdumpFile(pad: 0xdead_beef)
    // As written by node 20 for a script "/tmp/jf/w.js": twelve bytes, including NULs.
    let garbage: [UInt8] = [0x45, 0xb5, 0x9b, 0x33, 0, 0, 0, 0, 6, 2, 0x81, 0x72]
    file.lines(
      of: address,
      [(address + 0x40, 2, garbage), (address + 0x47, 3, garbage), (address + 0x4a, 4, garbage)],
      time: 1, padding: 1)
    file.load("JS:^m /tmp/jf/w.js:2:35", at: address, size: 32, time: 2)
    file.load("next", at: address + 64, time: 3)
    let found = lines(file)
    #expect(found.map(\.lines) == [[2, 3, 4]])
    #expect(found.map(\.files) == [[String](repeating: "/tmp/jf/w.js", count: 3)])
    #expect(JitdumpReading(file).warnings == [])
    #expect(JitdumpReading(file).names.count == 2)
  }

  @Test func unreadableNamesOfOtherLengthsStayUnknown() {
    var file = JitdumpFile(pad: 0xdead_beef)
    file.lines(of: address, [(address + 0x40, 2, [1, 2, 0, 3])], time: 1)
    file.load("JS:*m /tmp/jf/w.js:2:35", at: address, size: 32, time: 2)
    #expect(lines(file).map(\.files) == [[""]])
    #expect(JitdumpReading(file).kinds == [.unreadableFileNames])
  }

  /// Unless the code's own name contains a file of that length: memory freed by V8 may look like a
  /// name.
  @Test func fileNamesThatAreNotUTF8AreKept() {
    let name = Array("/d".utf8) + [0xff] + Array("/w.js".utf8)
    func file(of code: String) -> [[String]] {
      var file = JitdumpFile()
      file.lines(of: address, [(address, 2, name), (address + 8, 3, [0xff])], time: 1)
      file.load(code, at: address, size: 32, time: 2)
      #expect(JitdumpReading(file).warnings == [])
      return lines(file).map(\.files)
    }
    #expect(file(of: "f") == [["/d\u{10ffff}/w.js", "/d\u{10ffff}/w.js"]])
    #expect(file(of: "JS:*m /dir/w.j:2:35") == [["/dir/w.j", "/dir/w.j"]])
  }

  @Test func aRowWithoutANameAndALineEndsTheOthers() {
    var file = JitdumpFile()
    file.lines(of: address, [(address, 7, Array("m.erl".utf8)), (address + 8, 0, [])], time: 1)
    file.load("m:f/1", at: address, size: 32, time: 2)
    #expect(lines(file).map(\.lines) == [[7, 0]])
    #expect(lines(file).map(\.files) == [["m.erl", ""]])
    #expect(JitdumpReading(file).warnings == [])
  }

  @Test func rowsThatRepeatTheLineAreLeftOut() {
    var file = JitdumpFile()
    let rows = [(0, 5), (4, 5), (8, 6), (12, 5)].map { offset, line in
      (address + UInt64(offset), UInt32(line), Array("a.c".utf8))
    }
    file.lines(of: address, rows, time: 1)
    file.load("f", at: address, size: 32, time: 2)
    #expect(lines(file).map(\.lines) == [[5, 6, 5]])
  }

  @Test func linesAreForTheCodeAtTheirAddress() {
    var file = JitdumpFile()
    file.lines(of: 0x9000, [(0x9000, 5, [0x61])], time: 1)
    file.load("other", at: 0x5000, time: 2)
    file.load("theirs", at: 0x9000, time: 3)
    file.lines(of: 0xa000, [(0xa000, 5, [0x61])], time: 4)
    #expect(lines(file).map(\.address) == [0x9000])
    #expect(JitdumpReading(file).kinds == [.linesWithoutCode])
  }

  @Test func listsThatClaimMoreThanTheyHave() {
    var file = JitdumpFile()
    file.record(2, at: 1) { file in
      file.add(UInt64(0x9000))
      file.add(UInt64(3))
      file.add(UInt64(0x9000))
      file.add(UInt32(1))
      file.add(UInt32(1))
      file.bytes += [UInt8](repeating: 0x61, count: 40)
    }
    file.load("f", at: 0x9000, time: 2)
    let reading = JitdumpReading(file)
    #expect(reading.names == ["f"])
    #expect(reading.kinds == [.unreadableLines])
  }
}
