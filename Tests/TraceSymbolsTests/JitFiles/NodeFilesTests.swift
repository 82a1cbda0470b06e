import Foundation
import TestSupport
import Testing

@testable import TraceSymbols

/// Files written by node on this machine, compared with an independent reader.
@Suite(.needs(.program("node"), .program("python3")))
struct NodeFilesTests {
  private static let script = """
    function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
    class Point { constructor(x) { this.x = x; } static été() { return new Point(3).x; } }
    let s = 0;
    for (let i = 0; i < 300; i++) s += fib(15) + Point.été();
    console.log(s);
    """

  /// Reads record by record, and assumes only a valid file.
  private static let readDump = """
    import struct, sys
    data = open(sys.argv[1], "rb").read()
    place, rows = struct.unpack_from("<I", data, 8)[0], 0
    while place + 16 <= len(data):
        kind, size, time = struct.unpack_from("<IIQ", data, place)
        if place + size > len(data): break
        if kind == 0:
            _, address, length, index = struct.unpack_from("<QQQQ", data, place + 24)
            name = data[place + 56 : data.index(b"\\0", place + 56)].decode()
            assert place + 56 + len(name.encode()) + 1 + length == place + size
            print(time, address, length, index, name)
        if kind == 2: rows += struct.unpack_from("<Q", data, place + 24)[0]
        place += size
    print("rows", rows)
    """

  private static func run(_ flags: [String], in directory: String) throws -> pid_t {
    let path = directory + "/script.js"
    try script.write(toFile: path, atomically: false, encoding: .utf8)
    let process = try ChildProcess("node", flags + [path], directory: directory)
    try process.succeed()
    return process.pid
  }

  @Test func jitdump() throws {
    let directory = TemporaryDirectory()
    // Each function is compiled at its first call; otherwise some are missing in some runs.
    let id = try Self.run(["--perf-prof", "--always-sparkplug"], in: directory.path)
    let path = directory.path + "/jit-\(id).dump"
    let bytes = [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
    let reading = JitdumpReading(bytes)
    let text = try #require(Tool.output("python3", "-c", Self.readDump, path))
    let expected = text.split(separator: "\n").map(String.init)
    #expect(expected.count > 100)
    let found = reading.loads.map {
      "\($0.timestamp) \($0.address) \($0.size) \($0.codeIndex) \($0.name)"
    }
    #expect(found == expected.dropLast())
    #expect(reading.warnings == [])
    #expect(reading.header?.pid == UInt32(id))
    #expect(Set(reading.loads.map(\.pid)) == [UInt32(id)])
    let shown = Set(reading.names.map { Demangler.displayName($0).display })
    #expect(shown.contains { $0.hasPrefix("fib \(directory.path)/script.js:1:") })
    #expect(shown.contains { $0.hasPrefix("été \(directory.path)/script.js:2:") })
    try checkLines(reading, path: directory.path + "/script.js")
  }

  /// Rows are inside their code, and the function's rows are its lines.
  private func checkLines(_ reading: JitdumpReading, path: String) throws {
    var ofScript = 0
    for record in reading.records {
      guard case .lines(let lines) = record else { continue }
      let load = try #require(reading.loads.last { $0.address == lines.address })
      let isInside = lines.addresses.allSatisfy {
        $0 >= load.address && $0 - load.address < load.size
      }
      #expect(isInside, "\(load.name)")
      guard load.name.contains("fib "), load.name.contains(path) else { continue }
      ofScript += 1
      #expect(Set(lines.lines) == [1], "\(load.name)")
      #expect(Set(lines.files) == [path], "\(load.name)")
    }
    #expect(ofScript > 0)
  }

  @Test func perfMap() throws {
    let directory = TemporaryDirectory()
    let id = try Self.run(
      ["--perf-basic-prof", "--interpreted-frames-native-stack"], in: directory.path)
    let path = "/tmp/perf-\(id).map"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let bytes = [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
    var parser = PerfMapParser()
    var entries: [PerfMapEntry] = []
    bytes.withUnsafeBytes { parser.parse($0) { entries.append($0) } }
    parser.end { entries.append($0) }
    // Node writes lower-case letters without leading zeros, and ends each line.
    let written = entries.map {
      "\(String($0.address, radix: 16)) \(String($0.size, radix: 16)) \($0.name)\n"
    }
    #expect(written.joined() == String(decoding: bytes, as: UTF8.self))
    #expect(entries.count > 500)
    #expect(parser.warnings == [])
    let names = Set(entries.map { Demangler.displayName($0.name) })
    #expect(names.contains { $0.display.hasPrefix("fib ") && $0.tier == "interpreter" })
    #expect(names.contains { $0.tier == "builtin" })
  }
}
