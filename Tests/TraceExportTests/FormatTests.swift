import Foundation
import Testing
import TraceEvents
import TraceFormat

@testable import TraceExport

@Suite struct FormatTests {
  static let reason = FieldType.enumeration(
    EnumSchema(name: "Reason", cases: [EnumCase("AllocSmall", 0), EnumCase("Induced", 1)]))
  static let flags = FieldType.enumeration(
    EnumSchema(
      name: "Flags", underlying: .uint16, isFlags: true,
      cases: [EnumCase("Nested", 1), EnumCase("ReThrown", 4)]))

  static let everything: HandMadeEvent = {
    var event = HandMadeEvent(
      [
        FieldSchema("count", .uint32, .count), FieldSchema("delta", .int16),
        FieldSchema("size", .uint64, .bytes), FieldSchema("address", .pointer),
        FieldSchema("reason", reason), FieldSchema("other", reason), FieldSchema("flags", flags),
        FieldSchema("on", .bool), FieldSchema("ratio", .double), FieldSchema("broken", .double),
        FieldSchema("name", .string), FieldSchema("payload", .bytes),
        FieldSchema("numbers", .array(.scalar(.int32))), FieldSchema("words", .array(.string)),
      ],
      [
        .word(3), .int(-7), .word(4096), .word(0x7f00_1234), .word(1), .word(77), .word(0x15),
        .word(1), .double(0.25), .double(.nan), .string("a,\"b\"\n"), .text([0, 0xff]),
        .words([1, UInt64(bitPattern: -2)]), .texts([Array("x".utf8), Array("y z".utf8)]),
      ])
    event.isRundown = true
    event.stack = [
      NamedFrame(address: 0x10, module: "[jit]", function: "f(\"x\", y)", offset: 4),
      NamedFrame(address: 0xff, module: "a.so", reason: "no symbol"),
    ]
    return event
  }()

  @Test func text() {
    #expect(
      rendered(TextFormat(), Self.everything) == #"""
           12.345678901  cpu 1  pid 1234 tid 1240  Shop/Placed  [rundown]  count=3 delta=-7 \#
        size=4096B address=0x7f001234 reason=Induced other=77 flags=Nested|ReThrown|0x10 on=true \#
        ratio=0.25 broken=nan name="a,\"b\"\n" payload=x"00ff" numbers=[1,-2] words=["x","y z"]  \#
        stack=[[jit]!f(\"x\", y)+0x4 <- 0xff (a.so: no symbol)]

        """#)
  }

  @Test func json() throws {
    let line = rendered(JSONFormat(), Self.everything)
    #expect(line.filter { $0 == "\n" }.count == 1)
    let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8))
    let object = try #require(parsed as? [String: Any])
    #expect(object["time_ns"] as? Int == 12_345_678_901)
    #expect(object["provider"] as? String == "Shop")
    #expect(object["rundown"] as? Bool == true)
    #expect(object["stack"] as? [String] == ["0x10", "0xff"])
    let frames = try #require(object["frames"] as? [[String: Any]])
    #expect(frames[0]["module"] as? String == "[jit]")
    #expect(frames[0]["function"] as? String == "f(\"x\", y)")
    #expect(frames[0]["offset"] as? Int == 4)
    #expect(frames[1]["unresolved"] as? String == "no symbol")
    let fields = try #require(object["fields"] as? [String: Any])
    #expect(fields["delta"] as? Int == -7)
    #expect(fields["address"] as? String == "0x7f001234")
    #expect(fields["reason"] as? String == "Induced")
    #expect(fields["other"] as? Int == 77)
    #expect(fields["flags"] as? String == "Nested|ReThrown|0x10")
    #expect(fields["on"] as? Bool == true)
    #expect(fields["ratio"] as? Double == 0.25)
    #expect(fields["broken"] as? String == "nan")
    #expect(fields["name"] as? String == "a,\"b\"\n")
    #expect(fields["numbers"] as? [Int] == [1, -2])
    #expect(fields["words"] as? [String] == ["x", "y z"])
  }

  @Test func csvHasOneHeaderAndOneColumnAName() {
    let first = HandMadeEvent(
      [FieldSchema("id", .uint32), FieldSchema("name", .string)], [.word(1), .string("a,\"b")])
    let second = HandMadeEvent(
      [FieldSchema("extra", .uint8), FieldSchema("id", .uint32)], [.word(9), .word(2)],
      name: "Paid")
    let lines = rendered(CSVFormat(), first, second).split(
      separator: "\r\n", omittingEmptySubsequences: false)
    #expect(
      lines == [
        "time_ns,unix_ns,cpu,pid,tid,provider,event,rundown,lost,cause,stack,id,name,extra",
        "12345678901,1700000012345678901,1,1234,1240,Shop,Placed,,,,,1,\"a,\"\"b\",",
        "12345678901,1700000012345678901,1,1234,1240,Shop,Paid,,,,,2,,9",
        "",
      ])
  }

  @Test func csvCellsFitTheHeaderWhateverTheRow() {
    var format = CSVFormat(collectsOther: true)
    let known = HandMadeEvent([FieldSchema("id", .uint32)], [.word(1)])
    let late = HandMadeEvent(
      [FieldSchema("late", .uint32), FieldSchema("id", .uint32)], [.word(5), .word(6)])
    let output = TraceExportTests.text { output in
      format.define(type: 0, schema: known.schema)
      format.begin(&output)
      format.define(type: 1, schema: late.schema)
      known.withLine { format.write($0, stack: [], type: 0, to: &output) }
      late.withLine { format.write($0, stack: [], type: 1, to: &output) }
      format.write(
        LossLine(from: 1, to: 2, cpu: 0, count: 3, cause: "buffer full"), to: &output)
      format.write(Self.backfill, to: &output)
    }
    let lines = output.split(separator: "\r\n")
    #expect(lines.allSatisfy { $0.filter { $0 == "," }.count == 12 })
    #expect(lines[2].hasSuffix(",6,late=5"))
    #expect(lines[3] == "2,,0,,,,,,3,buffer full,,,")
    #expect(lines[4] == "5,,,7,,,,,,named,\"0x10=a.so!f+0x2\",,")
    #expect(lines[5].hasPrefix("6,"))
  }

  static let backfill = BackfillLine(
    pid: 7, frame: NamedFrame(address: 0x10, module: "a.so", function: "f", offset: 2),
    times: [5, 6])

  @Test func namesThatComeLaterAreTold() throws {
    var text = TextFormat()
    #expect(
      TraceExportTests.text { text.write(Self.backfill, to: &$0) }
        == "    0.000000006  *** NAMED 0x10 in pid 7: a.so!f+0x2 (events at 0.000000005"
        + " 0.000000006) ***\n")
    var json = JSONFormat()
    let line = TraceExportTests.text { json.write(Self.backfill, to: &$0) }
    let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    let object = try #require(parsed?["backfill"] as? [String: Any])
    #expect(object["pid"] as? Int == 7)
    #expect(object["address"] as? String == "0x10")
    #expect(object["times_ns"] as? [Int] == [5, 6])
    #expect((object["frame"] as? [String: Any])?["function"] as? String == "f")
  }

  @Test func namesThatComeAgainAreTold() {
    let twice = HandMadeEvent(
      [FieldSchema("id", .uint8), FieldSchema("id", .uint8)], [.word(1), .word(2)])
    #expect(rendered(TextFormat(), twice).hasSuffix("  id=1 id#2=2\n"))
    #expect(rendered(JSONFormat(), twice).contains(#"{"id":1,"id#2":2}"#))
  }

  @Test func namesFromAFileCannotBreakALine() {
    let hostile = HandMadeEvent(
      [FieldSchema("\u{1b}c", .uint8)], [.word(1)], name: "x\",\"y", provider: "P\n")
    #expect(!rendered(TextFormat(), hostile).dropLast().contains { $0.isNewline || $0 == "\u{1b}" })
    let line = rendered(JSONFormat(), hostile)
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    #expect(rendered(CSVFormat(), hostile).contains(#",P\n,"x"",""y","#))
  }

  @Test func columnsThatPointOutsideTheHeapReadAsNothing() {
    let event = HandMadeEvent(
      [
        FieldSchema("s", .string), FieldSchema("a", .array(.string)),
        FieldSchema("missing", .uint8),
      ],
      [.word(0xffff_ffff_ffff_ffff), .word(0xffff_ffff_0000_0000)])
    #expect(rendered(TextFormat(), event).hasSuffix("  s=\"\" a=[] missing=0\n"))
  }

  @Test func aLossIsLoud() {
    var format = TextFormat()
    let line = TraceExportTests.text { output in
      format.write(
        LossLine(from: 1_000_000_000, to: 2_500_000_000, cpu: 3, count: 12, cause: "buffer full"),
        to: &output)
    }
    #expect(
      line
        == "    2.500000000  cpu 3  *** LOST 12 events: buffer full, since 1.000000000 ***\n")
  }

  @Test func whatCameAboutOnNoCPUHasNone() {
    var event = HandMadeEvent([FieldSchema("id", .uint32)], [.word(1)])
    event.cpu = UInt32(EventHeader.noCPU)
    #expect(rendered(TextFormat(), event).contains("  cpu -  pid 1234"))
    #expect(rendered(JSONFormat(), event).contains(#","cpu":null,"pid":1234"#))
    #expect(rendered(CSVFormat(), event).contains(",,1234,1240,"))
  }
}
