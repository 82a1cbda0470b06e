import Foundation
import Testing

@testable import tracectl

/// Files of other tools are recognized and named.
@Suite struct ForeignFileTests {
  private static let etw =
    [0, 0, 1, 0] + [UInt8](repeating: 0, count: 68) + [2, 0, 2, 0xc0, 0, 0, 0, 0]

  @Test(
    arguments: [
      (Array("PERFILE2".utf8) + [104, 0, 0, 0], "a perf.data file", "perf script"),
      (Array("FLR\0".utf8) + [0, 2, 0, 1], "a JDK Flight Recorder file", "jfr print"),
      (Array("Nettrace".utf8) + [0x14], "a .nettrace file", "dotnet-trace"),
      (etw, "an .etl file of Windows", "PerfView"),
      ([0x1f, 0x8b, 8, 0], "compressed by gzip", "decompress it first"),
      (Array("heap profile: 1: 2 [3: 4] @".utf8), "pprof's older formats", "-proto"),
      ([0x0a, 4, 0x08, 1, 0x10, 2], "a pprof profile", "go tool pprof"),
      ([0xc1, 0x1f, 0xfc, 0xc1, 0], "a CTF trace", "babeltrace2"),
      (Array("/* CTF 1.8 */ trace {".utf8), "a CTF trace", "babeltrace2"),
      (Array(#"  {"traceEvents":[]}"#.utf8), "Chrome's JSON", "perfetto"),
      (Array(#"{"$schema":"https://www.speedscope.app/x"}"#.utf8), "speedscope", "speedscope"),
      (Array(#"[{"a":1}]"#.utf8), "it is JSON", "trace file"),
      ([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0], "a capture of packets (pcap)", "Wireshark"),
      (Array("go 1.22 trace".utf8) + [0, 0, 0], "an execution trace of Go", "go tool trace"),
      (Array("gmon".utf8) + [1, 0, 0, 0], "a profile of gprof", "gprof"),
      (Array("MDMP".utf8) + [0x93, 0xa7, 0, 0], "a minidump", "WinDbg"),
      ([0x10, 0, 4, 0x46, 0x78, 0x54, 0x16, 0], "a Fuchsia trace", "ui.perfetto.dev"),
      (
        [0x0a, 2, 0x50, 1, 0x0a, 4, 0x08, 1, 0x50, 1, 0x0a, 0x82, 0x01, 0x40]
          + [UInt8](repeating: 0, count: 129), "a Perfetto trace", "ui.perfetto.dev"
      ),
      (
        [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [0, 0, 0, 0, 0, 0, 0, 0, 4, 0], "a core dump", "gdb"
      ),
      (
        [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [0, 0, 0, 0, 0, 0, 0, 0, 3, 0], "ELF program",
        "collect"
      ),
    ] as [([UInt8], String, String)])
  func isNamedWithTheNextStep(bytes: [UInt8], kind: String, next: String) throws {
    let fixture = try TraceFixture()
    let path = fixture.path("foreign")
    _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
    let kind = kind.replacing("a core dump", with: "an ELF core dump")
    for command in ["dump", "info"] {
      let run = try ToolRun(command, path)
      #expect(run.exitCode == 65)
      #expect(run.errors.contains(kind) && run.errors.contains(next), "\(run.errors)")
    }
  }

  @Test func whatIsNoFileIsSaid() throws {
    let fixture = try TraceFixture()
    let piped = try ToolRun(shell: "\"$tracectl\" dump <(true)")
    #expect(piped.exitCode == 65)
    #expect(piped.errors.contains("is not a regular file"), "\(piped.errors)")
    try expectOneSentence(of: [
      (["dump", fixture.directory], 74, "give a file"),
      (["help", "bogus"], 64, "there is no command 'bogus'"),
      (["collect", "-providers", "CPU", "-stacks", "CPU", "--", "true"], 64, "always have stacks"),
      (
        ["collect", "-providers", "GC,CPU", "-stacks", "contextswitch", "--", "true"], 64,
        "does not collect"
      ),
      (["collect", "-providers", "GC", "-stacks", "Nope", "--", "true"], 64, "has 'Nope', which"),
      (["collect", "-providers", "GC", "-stacks", "JIT", "--", "true"], 64, "has 'JIT', which"),
      (["collect", "-providers", "CPU", "-stacks", "*", "--", "true"], 64, "has none"),
    ])
  }
}
