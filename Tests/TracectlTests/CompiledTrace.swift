import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

/// A C program with debug information, and a trace of samples at every byte of its `work`.
struct CompiledTrace {
  /// The machine's C compiler, if binutils are installed, too.
  static let compiler: String? = ["/usr/bin/gcc", "/usr/bin/cc"].first {
    FileManager.default.isExecutableFile(atPath: $0)
      && FileManager.default.isExecutableFile(atPath: "/usr/bin/nm")
  }

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
    // The link addresses of code equal its file offsets.
    _ = try Self.run(
      try #require(Self.compiler), "-O2", "-g", program + ".c", "-o", program)
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
    try TestSupport.ChildProcess.output(of: program, arguments)
  }

  /// Runs `tracectl COMMAND` with access to the program's file.
  func tool(_ command: String, _ options: [String]) throws -> ToolRun {
    try RunningTool([command, path, "-symbol-path", fixture.directory] + options).wait()
  }
}
