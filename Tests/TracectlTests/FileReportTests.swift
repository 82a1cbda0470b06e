import Foundation
import Testing

@testable import tracectl

@Suite struct FileReportTests {
  let fixture: TraceFixture
  let small: String

  init() throws {
    fixture = try TraceFixture()
    small = try fixture.small()
  }

  @Test func whatIsInATrace() throws {
    let run = try ToolRun("info", small)
    #expect(run.exitCode == 0)
    for text in [
      "complete", "host, Linux 6.18, x86_64, 2 CPUs", "CLOCK_MONOTONIC",
      "2023-11-14 22:13:20.000 UTC",
      "12 EVENTS LOST", "buffer full", "Runtime/GCStart", "GC", "java -jar shop.jar", "1300",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
  }

  @Test func aFullDiskIsSaid() throws {
    for command in ["info", "verify"] {
      let run = try ToolRun(shell: "\"$tracectl\" \(command) '\(small)' > /dev/full")
      #expect(run.exitCode == 74)
      #expect(run.errors.contains("No space left on device"))
    }
  }

  @Test func aWholeFileIsVerified() throws {
    let run = try ToolRun("verify", small)
    #expect(run.exitCode == 0)
    #expect(run.output.contains("ok"))
    #expect(run.output.contains("5 events"))
  }

  @Test func aFlippedByteIsFound() throws {
    let path = try fixture.large(count: 3000)
    var bytes = try #require(FileManager.default.contents(atPath: path))
    // Within the first block of events: the schemas are before it and in the index.
    bytes[bytes.count / 3] ^= 1
    _ = FileManager.default.createFile(atPath: path, contents: bytes)
    let run = try ToolRun("verify", path)
    #expect(run.exitCode == 65)
    #expect(run.output.contains("DAMAGED"))
    let dump = try ToolRun("dump", path)
    #expect(dump.exitCode == 65)
    #expect(dump.lines.count == 2000)
  }
}
