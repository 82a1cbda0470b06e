import Foundation
import TestSupport
import Testing

/// The heap's profiles of a Swift program that links libtraceheap.so, instead of being started with
/// it.
@Suite(.needs(.program("swiftc")), .serialized) struct LinkedHeapTests {
  /// Links the sample program anew, with the library, in the way of Docs/pprof.md.
  private static func link() throws -> String {
    let path = NSTemporaryDirectory() + "pprof-linked-\(getpid())"
    let objects = Subject.directory + "/pprof-server.product/Objects.LinkFileList"
    let libraries = ["-lz", "-lyaml", "-llzma", "-ldw", "-lelf", "-llz4", "-ldl"]
    let ours = [
      "-L", Subject.directory, "-Xlinker", "--no-as-needed", "-Xlinker", "-ltraceheap", "-Xlinker",
      "-rpath=" + Subject.directory,
    ]
    try TestSupport.ChildProcess(
      "swiftc",
      ["-o", path, "-Xlinker", "--defsym", "-Xlinker", "main=pprof_server_main", "@" + objects]
        + ours + libraries
    ).succeed(seconds: 240)
    return path
  }

  @Test func needsNoVariables() throws {
    let path = try Self.link()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let subject = try Subject("heap", program: path, variables: ["TRACE_HEAP_INTERVAL": "1024"])
    let text = try subject.get("heap?debug=1").text
    #expect(text.contains("# interval = 1024\n"), "\(text.prefix(600))")
    var inUse = 0
    for (heading, stack) in Self.places(text) where stack.contains("HeapTrial.leaked()") {
      inUse += heading
    }
    // An array of 4,096 bytes has a header of 32.
    #expect(abs(Double(inUse) / (2000 * 4128) - 1) < 0.05, "\(inUse) of \(text.prefix(600))")
    #expect(try subject.get("allocs").status == 200)
  }

  /// The bytes in use of each place, and the lines of its stack.
  private static func places(_ text: String) -> [(bytes: Int, stack: String)] {
    text.components(separatedBy: "\n\n").compactMap { part in
      guard let match = part.firstMatch(of: /(?m)^[0-9]+: ([0-9]+) \[.*\] @ 0x/) else { return nil }
      return Int(match.output.1).map { ($0, part) }
    }
  }
}
