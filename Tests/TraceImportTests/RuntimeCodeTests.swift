import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceImport

/// Code that a runtime announces in a jitdump file or a perf map beside the recording.
@Suite(.needs(.program("perf"), .kernelSamples, .program("node")), .serialized)
struct RuntimeCodeTests {
  private static let script = """
    function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
    let s = 0; for (let i = 0; i < 20; i++) s += fib(27); console.log(s);
    """

  private let directory = TemporaryDirectory()

  /// Records node; returns the number of samples, and of those in code named fib.
  private func record(_ options: String...) throws -> (samples: Int, named: Int) {
    let (script, path) = (directory.path + "/a.js", directory.path + "/perf.data")
    try Self.script.write(toFile: script, atomically: true, encoding: .utf8)
    // Without build ids: some builds of perf crash now and then while they read them.
    let perf = try runPerf(
      ["record", "-q", "-B", "-N", "-k", "mono", "-g", "-F", "999", "-o", path, "--", "node"]
        + options + [script], directory: directory.path)
    try #require(perf.wait() == 0, "\(perf.errors)")
    let memory = MemorySink()
    _ = try PerfDataImporter().convert(ImportSource(path: path), to: memory)
    let file = try TraceFile(bytes: memory.bytes)
    var code: [CodeLoad] = []
    let announced = Replay(file)
    announced.on(CodeLoad.self) { event, _ in if event.name.contains("fib") { code.append(event) } }
    try announced.run()
    var (samples, named) = (0, 0)
    let replay = Replay(file)
    replay.on(SampledProfile.self) { _, header in
      samples += 1
      guard let address = file.stack(header.stack).first else { return }
      if code.contains(where: {
        address >= $0.address && address - $0.address < $0.size && $0.since <= header.ticks
      }) {
        named += 1
      }
    }
    try replay.run()
    return (samples, named)
  }

  @Test func jitdumpIsRead() throws {
    let (samples, named) = try record("--perf-prof")
    #expect(named * 20 > samples, "\(named) of \(samples)")
  }

  @Test func perfMapIsRead() throws {
    let (samples, named) = try record("--perf-basic-prof", "--interpreted-frames-native-stack")
    #expect(named * 20 > samples, "\(named) of \(samples)")
  }
}
