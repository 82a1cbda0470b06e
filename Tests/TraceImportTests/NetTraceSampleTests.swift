import CZlib
import Foundation
import Testing
import TraceEvents
import TraceFormat

@testable import TraceImport

/// A recording of .NET 5 from the tests of TraceEvent (microsoft/perfview, MIT), with the events
/// and the values that TraceEvent reads.
@Suite struct NetTraceSampleTests {
  private static func recording() throws -> [UInt8] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Files/arraytypes.nettrace.zip")
    return try #require(unpacked([UInt8](Data(contentsOf: path))))
  }

  /// The first file of an archive.
  private static func unpacked(_ archive: [UInt8]) -> [UInt8]? {
    let number = { (offset: Int, size: Int) in
      (0..<size).reduce(0) { $0 | Int(archive[offset + $1]) << (8 * $1) }
    }
    let start = 30 + number(26, 2) + number(28, 2)
    var input = Array(archive[start...])
    var output = [UInt8](repeating: 0, count: 1 << 20)
    var stream = z_stream()
    let size = CInt(MemoryLayout<z_stream>.size)
    guard inflateInit2_(&stream, -15, zlibVersion(), size) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    let result = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
        return inflate(&stream, Z_FINISH)
      }
    }
    return result == Z_STREAM_END ? Array(output.prefix(Int(stream.total_out))) : nil
  }

  private func imported(_ bytes: [UInt8]) throws -> (ImportReport, TraceFile) {
    let memory = MemorySink()
    let report = try NetTraceImporter().convert(ImportSource(bytes: bytes), to: memory)
    return (report, try TraceFile(bytes: memory.bytes))
  }

  @Test func eventsByType() throws {
    let (report, file) = try imported(Self.recording())
    #expect(report.damage == [] && report.lost == 0)
    var counts: [String: Int] = [:]
    let replay = Replay(file)
    replay.onAny { event in
      let pid = event.header.pid
      #expect(pid == 26240)
      let schema = file.eventTypes[event.typeIndex].schema
      counts["\(schema.provider)/\(schema.name)", default: 0] += 1
    }
    try replay.run()
    let rundown = "Microsoft-Windows-DotNETRuntimeRundown/"
    let baseline = [
      "Microsoft-DotNETCore-EventPipe/ProcessInfo": 2, rundown + "AppDomainDCEnd": 1,
      rundown + "AssemblyDCEnd": 33, rundown + "DomainModuleDCEnd": 33,
      rundown + "ModuleDCEnd": 33, rundown + "DCEndComplete": 1, rundown + "DCEndInit": 1,
      rundown + "RuntimeInformationDCStart": 1, "TestEventSource0/TestEvent1": 1,
      "TestEventSource0/TestEvent2": 1, "TestEventSource0/TestEvent3": 1,
    ]
    for (name, count) in baseline { #expect(counts[name] == count, "\(name)") }
    // The baseline leaves out events about methods.
    let methods = [rundown + "MethodDCEndILToNativeMap", "Runtime/MethodLoad"]
    #expect(Set(counts.keys) == Set(baseline.keys).union(methods), "\(counts)")
    #expect(file.processes.map(\.executable).contains { $0.hasSuffix("corerun.exe") })
  }

  @Test func payloads() throws {
    let (_, file) = try imported(Self.recording())
    var values: [String: String] = [:]
    let replay = Replay(file)
    replay.onAny { event in
      let schema = file.eventTypes[event.typeIndex].schema
      guard schema.provider != "Runtime", values[schema.name] == nil else { return }
      values[schema.name] = "\(event.header.timestamp / 100)"
      for (index, field) in schema.fields.enumerated() {
        let value: String
        switch field.type {
        case .string: value = String(decoding: event.bytes(index), as: UTF8.self)
        case .array(.scalar):
          var elements = event.elements(index)
          var numbers: [String] = []
          while let word = elements.nextWord() { numbers.append("\(Int64(bitPattern: word))") }
          value = numbers.joined(separator: ",")
        default: value = "\(Int64(bitPattern: event.word(index)))"
        }
        values["\(schema.name).\(field.name)"] = value
      }
    }
    try replay.run()
    let baseline = [
      "TestEvent1": "24209926",
      "TestEvent1.arg0": "2032854139,1608221689,1470019200,199494339,1238846140,1366609043",
      "TestEvent1.arg1": "26494,17115,-7229,18850,27931", "TestEvent1.arg2": "2033417279",
      "TestEvent2.arg0": "-1001479330", "TestEvent2.arg1": "-1397908228",
      "TestEvent2.arg2": "1470938110,172564262,1133558854,-1572049829",
      "TestEvent2.arg3": "2055126903,593325874,2130052527,162795177",
      "TestEvent3": "24212350", "TestEvent3.arg0": "\u{E7A3}㎯隍ᳯ诤",
      "AppDomainDCEnd.AppDomainID": "\(0x1F3_8A8D_3560)",
      "AppDomainDCEnd.AppDomainName": "CoreRun.exe", "AppDomainDCEnd.AppDomainIndex": "1",
      "AppDomainDCEnd.ClrInstanceID": "5", "ModuleDCEnd.ModuleID": "\(0x7FFD_9866_4020)",
      "ModuleDCEnd.ManagedPdbSignature": "da1bed18-d176-4b24-8ede-57ee529e2308",
      "ModuleDCEnd.NativePdbBuildPath": "System.Private.CoreLib.ni.pdb",
      "RuntimeInformationDCStart.VMQfeNumber": "42424",
    ]
    for (name, value) in baseline { #expect(values[name] == value, "\(name)") }
  }
}
