import Foundation
import TestSupport
import Testing

/// `tracectl dump -lines -inlines`, of samples at every byte of a compiled function.
@Suite(.needs(.program("gcc"), .program("nm"))) struct DumpLinesTests {
  private let trace: CompiledTrace

  init() throws { trace = try CompiledTrace() }

  private func dump(_ options: [String]) throws -> [Substring] {
    let run = try trace.tool("dump", ["-event", "SampledProfile"] + options)
    #expect(run.exitCode == 0, "\(run.errors)")
    let lines = run.output.split(whereSeparator: \.isNewline)
    return options.contains("csv") ? Array(lines.dropFirst()) : lines
  }

  /// The content of the stacks' brackets, without offsets.
  private func stacks(_ options: String...) throws -> Set<String> {
    let lines = try dump(options)
    #expect(lines.count == trace.sampleCount)
    return try Set(
      lines.map { line in
        let open = try #require(line.range(of: "stack=["))
        return String(line[open.upperBound...].dropLast())
          .replacingOccurrences(of: "\\+0x[0-9a-f]+", with: "", options: .regularExpression)
      })
  }

  @Test func withoutTheOptionsThereAreFunctionsOnly() throws {
    #expect(try stacks() == ["demo!work"])
  }

  @Test func linesAreThoseOfTheFunctionThatIsNamed() throws {
    let lines = try stacks("-lines")
    #expect(lines.isSuperset(of: ["demo!work demo.c:6", "demo!work demo.c:7"]))
    #expect(lines.allSatisfy { $0.hasPrefix("demo!work demo.c:") })
    #expect(!lines.contains("demo!work demo.c:3"))
  }

  @Test func inlinedCallsAreFrames() throws {
    #expect(try stacks("-inlines") == ["demo!work", "demo!twice (inlined) <- demo!work"])
  }

  @Test(arguments: ["text", "csv"]) func inlinedCallsHaveLinesToo(format: String) throws {
    let lines = try dump(["-lines", "-inlines", "-format", format])
    #expect(lines.count == trace.sampleCount)
    let inlined = lines.filter { $0.contains("demo!twice (inlined) demo.c:3 <- demo!work+0x") }
    #expect(!inlined.isEmpty)
    #expect(inlined.allSatisfy { $0.contains(" demo.c:6") })
  }

  /// One frame for each address, including inlined calls; files have their directories.
  @Test func jsonHasThemInTheFrame() throws {
    var inlinedCount = 0
    for line in try dump(["-lines", "-inlines", "-format", "json"]) {
      let object = try JSONSerialization.jsonObject(with: Foundation.Data(line.utf8))
      let event = try #require(object as? [String: Any])
      let frames = try #require(event["frames"] as? [[String: Any]])
      #expect(frames.count == 1)
      #expect(frames[0]["function"] as? String == "work")
      #expect(frames[0]["file"] as? String == trace.fixture.path("demo.c"))
      #expect((5...8).contains(try #require(frames[0]["line"] as? Int)))
      guard let inlined = frames[0]["inlined"] as? [[String: Any]] else { continue }
      #expect(inlined.map { $0["function"] as? String } == ["twice"])
      #expect(inlined[0]["file"] as? String == trace.fixture.path("demo.c"))
      #expect([2, 3].contains(inlined[0]["line"] as? Int))
      inlinedCount += 1
    }
    #expect(inlinedCount > 0)
  }

  @Test(arguments: ["-lines", "-inlines"]) func whatDoesNotGoTogetherIsSaid(option: String) throws {
    for (other, word) in [("-follow", "finished"), ("-no-stacks", "stacks")] {
      let run = try trace.tool("dump", [option, other])
      #expect(run.exitCode == 64)
      #expect(run.errors.contains(other) && run.errors.contains(word), "\(run.errors)")
      #expect(run.output == "")
    }
  }
}
