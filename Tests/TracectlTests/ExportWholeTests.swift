import Foundation
import TestSupport
import Testing

/// `tracectl export -o FILE` writes a whole file or none.
@Suite struct ExportWholeTests {
  private static let names = [
    "a.pb.gz", "a.speedscope.json", "a.pftrace", "a.profile.json", "a.chrome.json", "a.folded",
    "a.svg",
  ]

  private let fixture: TraceFixture
  private let path: String

  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("t.etl")
    var trace = try SampledTrace(path: path)
    trace.process(7, "/bin/a")
    for number in 1...200 as ClosedRange<UInt64> {
      trace.sample(at: number, pid: 7, stack: [0x10 + number, 0x20 * number])
    }
    try trace.finish()
  }

  private func directory(_ name: String) throws -> String {
    let path = fixture.path(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  private func contents(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  @Test func aFailureKeepsTheFormerFile() throws {
    let place = try directory("full")
    for name in Self.names {
      let out = "\(place)/\(name)"
      try "former".write(toFile: out, atomically: false, encoding: .utf8)
      let run = try ToolRun(shell: "ulimit -f 0; $tracectl export \(path) -o \(out)")
      #expect(run.exitCode == 74, "\(name) \(run.errors)")
      #expect(try String(contentsOfFile: out, encoding: .utf8) == "former", "\(name)")
    }
    #expect(try contents(place) == Self.names.sorted())
  }

  @Test func nothingIsLeftOfANewFile() throws {
    let place = try directory("new")
    for name in Self.names {
      let run = try ToolRun(shell: "ulimit -f 0; $tracectl export \(path) -o \(place)/\(name)")
      #expect(run.exitCode == 74, "\(name) \(run.errors)")
    }
    #expect(try contents(place) == [])
  }

  @Test func filesAreReplacedWhole() throws {
    let place = try directory("whole")
    for name in Self.names {
      let out = "\(place)/\(name)"
      let first = try ToolRun("export", path, "-o", out)
      #expect(first.exitCode == 0, "\(name) \(first.errors)")
      let bytes = try Data(contentsOf: URL(fileURLWithPath: out))
      try (bytes + bytes).write(to: URL(fileURLWithPath: out))
      #expect(try ToolRun("export", path, "-o", out).exitCode == 0)
      #expect(try Data(contentsOf: URL(fileURLWithPath: out)) == bytes, "\(name)")
    }
    #expect(try contents(place) == Self.names.sorted())
  }

  @Test func aReaderMayLeave() throws {
    for format in ["pprof", "speedscope", "perfetto", "firefox", "chrome", "folded", "svg"] {
      let run = try ToolRun(
        shell: "$tracectl export \(path) -format \(format) -o - | head -c 5 | wc -c")
      #expect(run.exitCode == 0 && run.errors == "", "\(format) \(run.errors)")
      #expect(run.output.contains("5"), "\(format)")
    }
  }

  @Test func aPipeWithANameIsWrittenInPlace() throws {
    let run = try ToolRun(
      shell: "mkfifo \(fixture.path("p.folded")); $tracectl export \(path) "
        + "-o \(fixture.path("p.folded")) & wc -l < \(fixture.path("p.folded")); wait")
    #expect(run.exitCode == 0 && run.output.contains("1"), "\(run.output) \(run.errors)")
  }
}
