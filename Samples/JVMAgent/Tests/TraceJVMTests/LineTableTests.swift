import Testing

@testable import TraceJVM

@Suite struct LineTableTests {
  @Test func eachPlaceHasTheLineThatStartsBeforeIt() {
    let table = LineTable(
      [
        .init(nativeOffset: 40, location: 9), .init(nativeOffset: 4, location: 0),
        .init(nativeOffset: 60, location: -1), .init(nativeOffset: 50, location: 3),
      ],
      lines: [(start: 0, line: 10), (start: 4, line: 11)])
    #expect(table.nativeOffsets == [4, 40, 50])
    #expect(table.ilOffsets == [0, 9, 3])
    #expect(table.lines == [10, 11, 10])
  }

  @Test func withoutLineNumbers() {
    let table = LineTable([.init(nativeOffset: 4, location: 2)], lines: [])
    #expect(table.ilOffsets == [2])
    #expect(table.lines.isEmpty)
  }

  @Test func beforeTheFirstLine() {
    let table = LineTable([.init(nativeOffset: 4, location: 1)], lines: [(start: 3, line: 7)])
    #expect(table.lines == [0])
  }
}
