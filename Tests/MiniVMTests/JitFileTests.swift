import Foundation
import TestSupport
import Testing
import TraceSymbols

@testable import minivm

/// The files of `--jitdump` and `--perfmap`, read by the engine's parsers and compared with
/// `--oracle`: every code entry, in order, at its address, with its name.
@Suite(.needs(.x86)) struct JitFileTests {
  private struct Files {
    var oracle: [[String]] = []
    var records: [JitdumpRecord] = []
    var dumpWarnings: [String] = []
    var entries: [PerfMapEntry] = []
    var mapWarnings: [String] = []
  }

  /// The program next to the tests' executable.
  private static let program: String = {
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: path).deletingLastPathComponent().path + "/minivm"
  }()

  private static func run(_ flags: [String]) throws -> Files {
    let directory = TemporaryDirectory()
    let oracle = directory.path + "/oracle"
    let process = try ChildProcess(
      program,
      flags + ["--jitdump", "--jitdump-dir", directory.path, "--perfmap", "--oracle", oracle])
    try process.succeed()
    let id = process.pid
    let map = "/tmp/perf-\(id).map"
    defer { try? FileManager.default.removeItem(atPath: map) }
    var files = Files()
    files.oracle = try String(contentsOfFile: oracle, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: " ", maxSplits: 6).map(String.init)
    }
    let dump = try Foundation.Data(
      contentsOf: URL(fileURLWithPath: directory.path + "/jit-\(id).dump"))
    dump.withUnsafeBytes { readDump($0, &files) }
    var parser = PerfMapParser()
    try Foundation.Data(contentsOf: URL(fileURLWithPath: map)).withUnsafeBytes {
      parser.parse($0) { files.entries.append($0) }
    }
    parser.end { files.entries.append($0) }
    files.mapWarnings = parser.warnings.map(\.text)
    return files
  }

  private static func readDump(_ bytes: UnsafeRawBufferPointer, _ files: inout Files) {
    var parser = JitdumpParser()
    repeat {
      while parser.position < UInt64(bytes.count) {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[Int(parser.position)...])
        guard rest.count >= parser.wanted else { break }
        parser.parse(rest) { files.records.append($0) }
      }
    } while parser.end(atSize: UInt64(bytes.count))
    files.dumpWarnings = parser.warnings.map(\.text)
  }

  @Test(arguments: [["--churn"], ["--churn", "--move"]])
  func everyPieceOfCode(flags: [String]) throws {
    let files = try Self.run(flags)
    #expect(files.dumpWarnings == [])
    #expect(files.mapWarnings == [])
    let begins = files.oracle.filter { $0[0] == "begin" }
    #expect(begins.count > 1000)
    var told: [(time: UInt64, address: UInt64, size: UInt64, name: String)] = []
    var names: [UInt64: String] = [:]
    for record in files.records {
      switch record {
      case .load(let load):
        names[load.codeIndex] = load.name
        told.append((load.timestamp, load.address, load.size, load.name))
      case .move(let move):
        let name = names[move.codeIndex] ?? "?"
        told.append((move.timestamp, move.newAddress, move.size, name))
      default: break
      }
    }
    // The interpreter's stubs come first; they are never compiled.
    let stubs = told.count - begins.count
    #expect(stubs > 0)
    #expect(files.entries.count == told.count)
    for (index, life) in begins.enumerated() {
      let (time, address, size, name) = told[stubs + index]
      #expect(String(address, radix: 16) == life[3] && "\(size)" == life[4])
      #expect(name == "Mini::\(life[6])")
      #expect(time >= UInt64(life[1])!)
      let entry = files.entries[stubs + index]
      #expect(entry == PerfMapEntry(address: address, size: size, name: name))
    }
    guard case .close = files.records.last else {
      Issue.record("no end")
      return
    }
    if flags.contains("--move") {
      #expect(files.records.contains { if case .move = $0 { true } else { false } })
    }
  }

  /// Every method has lines, from its first byte on, which is not an instruction of the program.
  @Test func everyMethodHasLines() throws {
    let files = try Self.run(["--churn"])
    var loads: [UInt64: JitdumpLoad] = [:]
    var count = 0
    for record in files.records {
      if case .load(let load) = record { loads[load.address] = load }
      guard case .lines(let lines) = record, let load = loads[lines.address] else { continue }
      count += 1
      #expect(lines.addresses.first == load.address)
      let isInside = lines.addresses.allSatisfy { $0 - load.address < load.size }
      #expect(isInside)
      #expect(Set(lines.files) == ["churn"])
      #expect(lines.lines.allSatisfy { $0 > 0 })
    }
    #expect(count > 1000)
  }
}
