import Foundation
import Testing

/// The fuzzer's corpus has the files of ``NetTraceTests``.
@Suite struct NetTraceSeedTests {
  @Test(arguments: [4, 5, 6]) func corpusHasTheFile(version: Int) throws {
    let path = ImportDamageTests.directory.appendingPathComponent("version\(version).nettrace")
    let bytes = NetTraceTests.file(version: version).bytes
    if ProcessInfo.processInfo.environment["TRACE_TEST_WRITE_SEEDS"] != nil {
      try Data(bytes).write(to: path)
    }
    #expect([UInt8](try Data(contentsOf: path)) == bytes)
  }
}
