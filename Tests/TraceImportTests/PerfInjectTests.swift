import Foundation
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

@testable import TraceImport

/// `perf inject --jit`: images that perf makes of the code in a jitdump file.
@Suite(.needs(.program("perf"), .kernelSamples, .program("node")), .serialized)
struct PerfInjectTests {
  private let directory = TemporaryDirectory()

  @Test func injectedImagesAreUsed() throws {
    let script = directory.path + "/a.js"
    let source = """
      function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
      let s = 0; for (let i = 0; i < 20; i++) s += fib(27); console.log(s);
      """
    try source.write(toFile: script, atomically: true, encoding: .utf8)
    let path = directory.path + "/perf.data"
    let record = try runPerf(
      ["record", "-q", "-B", "-N", "-k", "mono", "-g", "-F", "999", "-o", path, "--", "node"]
        + ["--perf-prof", script], directory: directory.path)
    try #require(record.wait() == 0, "\(record.errors)")
    let injected = directory.path + "/injected.data"
    let inject = try runPerf(
      ["inject", "--jit", "-i", path, "-o", injected], directory: directory.path)
    try #require(inject.wait() == 0, "\(inject.errors)")
    let own = try ImportedRecording(path: injected)
    let shown = try PerfScript.samples(injected).filter { $0.tid != 0 }
    #expect(own.samples.count { $0.tid != 0 } == shown.count)
    // perf and the import name the same number of samples after the hot function.
    let list = try runPerf(["script", "-i", injected, "-F", "ip,sym"])
    #expect(try list.wait() == 0)
    let named = list.output.split(separator: "\n\n").count { sample in
      sample.split(separator: "\n").first?.contains("*fib ") == true
    }
    let symbolizer = Symbolizer(own.file)
    try symbolizer.prepare()
    var found = 0
    let samples = Replay(own.file)
    samples.on(SampledProfile.self) { _, header in
      guard let address = own.file.stack(header.stack).first,
        let id = symbolizer.resolve(
          pid: header.pid, address: address, at: header.timestamp, isCaller: false
        ).symbolID
      else { return }
      if symbolizer.symbol(id).rawName.contains("*fib ") { found += 1 }
    }
    try samples.run()
    #expect(found == named && named > 5, "\(found) of \(named)")
    var jitted: Set<String> = []
    let replay = Replay(own.file)
    replay.on(ImageMap.self) { event, _ in
      if event.path.contains("jitted-") { jitted.insert(event.path) }
    }
    try replay.run()
    #expect(jitted.count > 10)
    // The code is named once: by the images.
    var announced = 0
    let loads = Replay(own.file)
    loads.on(CodeLoad.self) { _, _ in announced += 1 }
    try loads.run()
    #expect(announced == 0)
  }
}
