import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import tracectl

/// The machine's C compiler, where binutils are there too.
private enum Compiler {
  static let path: String? = ["/usr/bin/gcc", "/usr/bin/cc"].first {
    FileManager.default.isExecutableFile(atPath: $0)
      && FileManager.default.isExecutableFile(atPath: "/usr/bin/nm")
  }
}

/// `tracectl stacks -lines -inlines`, of samples at every byte of a compiled function.
@Suite(.enabled(if: Compiler.path != nil)) struct StackLinesTests {
  static let source = """
    #include <stdlib.h>
    static inline __attribute__((always_inline)) int twice(int value) {
      return value * 2 + rand();
    }
    __attribute__((noinline)) int work(int value) {
      int sum = twice(value) + 1;
      return sum * sum;
    }
    int main(int count, char **arguments) { return work(count); }
    """

  let fixture: TraceFixture
  let path: String
  let sampleCount: Int

  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("lines.etl")
    let program = fixture.path("demo")
    try Self.source.write(toFile: program + ".c", atomically: true, encoding: .utf8)
    // At its link address, code lies at the same offset in the file.
    _ = try Self.run(try #require(Compiler.path), "-O2", "-g", program + ".c", "-o", program)
    let symbols = try Self.run("/usr/bin/nm", "-S", program)
    let line = try #require(symbols.split(separator: "\n").first { $0.hasSuffix(" work") })
    let fields = line.split(separator: " ").compactMap { UInt64($0, radix: 16) }
    let (start, size) = (fields[0], fields[1])
    var trace = try SampledTrace(path: path)
    trace.process(10, "/demo")
    trace.add(
      ImageMap(baseAddress: 0x40_0000, size: 0x10000, fileOffset: 0, path: "/demo"), at: 1, pid: 10)
    for byte in 0..<size {
      trace.sample(at: 1_000_000 * (byte + 1), pid: 10, stack: [0x40_0000 + start + byte])
    }
    try trace.finish()
    sampleCount = Int(size)
  }

  private static func run(_ program: String, _ arguments: String...) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: text, as: UTF8.self)
  }

  /// Stacks without the process, and how often each was seen.
  private func stacks(_ options: String...) throws -> [String: Int] {
    let run = try RunningTool(
      ["stacks", path, "-format", "folded", "-symbol-path", fixture.directory] + options
    ).wait()
    #expect(run.exitCode == 0, "\(run.errors)")
    var found: [String: Int] = [:]
    for line in run.output.split(separator: "\n") {
      let space = try #require(line.lastIndex(of: " "))
      let stack = line[..<space].split(separator: ";").dropFirst().joined(separator: ";")
      found[stack, default: 0] += Int(line[line.index(after: space)...]) ?? 0
    }
    #expect(found.values.reduce(0, +) == sampleCount)
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
