import TestSupport
import Testing

/// `tracectl stacks -lines -inlines`, of samples at every byte of a compiled function.
@Suite(.needs(.program("gcc"), .program("nm"))) struct StackLinesTests {
  private let trace: CompiledTrace

  init() throws { trace = try CompiledTrace() }

  /// Stacks without the process, with their counts.
  private func stacks(_ options: String...) throws -> [String: Int] {
    let run = try trace.tool("stacks", ["-format", "folded"] + options)
    #expect(run.exitCode == 0, "\(run.errors)")
    var found: [String: Int] = [:]
    for line in run.output.split(separator: "\n") {
      let space = try #require(line.lastIndex(of: " "))
      let stack = line[..<space].split(separator: ";").dropFirst().joined(separator: ";")
      found[stack, default: 0] += Int(line[line.index(after: space)...]) ?? 0
    }
    #expect(found.values.reduce(0, +) == trace.sampleCount)
    return found
  }

  @Test func withoutTheOptionsThereAreFunctionsOnly() throws {
    #expect(try Set(stacks().keys) == ["demo!work"])
  }

  @Test func linesAreThoseOfTheFunctionThatIsNamed() throws {
    let lines = try Set(stacks("-lines").keys)
    #expect(lines.contains("demo!work  demo.c:6"))
    #expect(lines.contains("demo!work  demo.c:7"))
    #expect(lines.allSatisfy { $0.hasPrefix("demo!work  demo.c:") })
    #expect(!lines.contains("demo!work  demo.c:3"))
  }

  @Test func inlinedCallsAreFrames() throws {
    #expect(
      try Set(stacks("-inlines").keys) == ["demo!work", "demo!work;demo!twice (inlined)"])
  }

  @Test func inlinedCallsHaveLinesToo() throws {
    let stacks = try stacks("-inlines", "-lines")
    #expect(stacks["demo!work  demo.c:6;demo!twice (inlined)  demo.c:3", default: 0] > 0)
    #expect(stacks["demo!work  demo.c:7", default: 0] > 0)
  }
}
