import Foundation
import Testing
import TraceEvents
import TraceFormat

@testable import TraceExport

/// The text before an event's fields, parts of which formats keep for the next event.
@Suite struct EventHeadTests {
  static let times: [Int64] = [
    0, 999_999_999, 1_000_000_000, 1_000_000_001, 12_345_678_901, 3_000_000_000, 2_999_999_999,
    -5, -1_500_000_000, 123_456_000_000_007, 123_456_000_000_008, .max, 7,
  ]

  private func lines(_ format: some EventFormat) -> [Substring] {
    var format = format
    return text { output in
      var event = HandMadeEvent([], [])
      format.define(type: 0, schema: event.schema)
      format.begin(&output)
      for time in Self.times {
        event.time = time
        event.withLine { line in
          var line = line
          line.unixTime = time
          format.write(line, stack: [], type: 0, to: &output)
        }
      }
    }.split(whereSeparator: \.isNewline)
  }

  @Test func textHasEachEventsOwnTime() {
    #expect(
      lines(TextFormat()).map { $0.prefix(while: { $0 != "c" }) } == [
        "    0.000000000  ", "    0.999999999  ", "    1.000000000  ", "    1.000000001  ",
        "   12.345678901  ", "    3.000000000  ", "    2.999999999  ", "   -0.000000005  ",
        "   -1.500000000  ", "123456.000000007  ", "123456.000000008  ",
        "9223372036.854775807  ", "    0.000000007  ",
      ])
  }

  @Test func wallClockTimeIsEachEventsOwn() {
    #expect(
      lines(TextFormat(showsUTC: true)).map { $0.prefix(while: { $0 != " " }) } == [
        "1970-01-01T00:00:00.000000000Z", "1970-01-01T00:00:00.999999999Z",
        "1970-01-01T00:00:01.000000000Z", "1970-01-01T00:00:01.000000001Z",
        "1970-01-01T00:00:12.345678901Z", "1970-01-01T00:00:03.000000000Z",
        "1970-01-01T00:00:02.999999999Z", "1969-12-31T23:59:59.999999995Z",
        "1969-12-31T23:59:58.500000000Z", "1970-01-02T10:17:36.000000007Z",
        "1970-01-02T10:17:36.000000008Z", "2262-04-11T23:47:16.854775807Z",
        "1970-01-01T00:00:00.000000007Z",
      ])
  }

  @Test func jsonAndCSVHaveTheWholeNumbers() throws {
    for (line, time) in zip(lines(JSONFormat()), Self.times) {
      let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(parsed?["time_ns"] as? Int64 == time)
      #expect(parsed?["unix_ns"] as? Int64 == time)
    }
    let rows = lines(CSVFormat()).dropFirst().map { $0.split(separator: ",").prefix(2) }
    #expect(rows == Self.times.map { ["\($0)", "\($0)"] })
  }

  /// The name of 200 bytes exceeds the size of the kept text.
  static let names = ["first", nil, "second", String(repeating: "\u{1b}", count: 200), "third"]

  @Test func aThreadHasTheNameThatWasSetLast() throws {
    let event = HandMadeEvent([], [])
    func lines(_ format: some EventFormat) -> [Substring] {
      var format = format
      return text { output in
        format.define(type: 0, schema: event.schema)
        for name in Self.names {
          format.setThread(name: name)
          for _ in 0..<2 {
            event.withLine { format.write($0, stack: [], type: 0, to: &output) }
          }
        }
      }.split(whereSeparator: \.isNewline)
    }
    let shown = lines(TextFormat())
    let objects = try lines(JSONFormat()).map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    for (index, name) in Self.names.flatMap({ [$0, $0] }).enumerated() {
      let note = name.map { " (\(escaped($0, .text)))" } ?? ""
      #expect(shown[index].contains(" tid 1240\(note)  Shop"))
      #expect(objects[index]?["thread"] as? String == name)
    }
  }
}
