import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// libtraceheap.so: the types of Swift's objects.
  @Suite(.needs(.program("swiftc"))) struct HeapTypesTests {
    private func program(
      _ source: String, _ name: String, _ options: [String] = []
    ) throws -> String {
      let directory = NSTemporaryDirectory() + "heap-types-\(getpid())-\(name)"
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      // The name of the module is that of the file.
      let path = directory + "/types"
      try source.write(toFile: path + ".swift", atomically: true, encoding: .utf8)
      try ChildProcess("swiftc", ["-O", "-o", path, path + ".swift"] + options)
        .succeed(seconds: 120)
      return path
    }

    /// Bytes allocated of each type, according to `tracectl heap`.
    private func allocated(_ process: [String: Any]) throws -> [String: Double] {
      let rows = try #require(process["types"] as? [[String: Any]])
      return Dictionary(
        rows.map { ($0["type"] as? String ?? "?", ($0["allocated_bytes"] as? Double) ?? 0) }
      ) { $0 + $1 }
    }

    /// The estimated bytes of each type are those that the program allocated.
    @Test(arguments: [[], ["-unwind", "dwarf"]], [[], ["-static-stdlib"]])
    func bytesOfTypes(_ options: [String], _ linked: [String]) throws {
      let path = try program(
        HeapSwiftSources.schedule, "schedule-\(options.count)-\(linked.count)", linked)
      let run = try HeapProgram(
        [path], interval: "Heap:256", options: options, variables: ["TRACE_HEAP_SEED": "5"])
      let process = try #require(try run.processes().first)
      let estimated = try allocated(process)
      let known = HeapProgram.numbers(in: run.output).filter { $0.key.contains(".") }
      #expect(known.count == 4, "\(run.output)")
      for (type, bytes) in known {
        let estimate = try #require(estimated[type], "\(type) of \(estimated)")
        #expect(abs(estimate / bytes - 1) < 0.04, "\(type): \(estimate) of \(bytes)")
      }
      let report = try ChildProcess(
        Tools.tracectl, ["allocations", run.scratch.path("t.etl")], in: run.scratch)
      try report.succeed()
      #expect(report.output.contains("types.Generic<Swift.Int>"), "\(report.output)")
    }

    /// Names are the runtime's.
    @Test func namesOfTypes() throws {
      let path = try program(HeapSwiftSources.forms, "forms")
      let run = try HeapProgram([path], interval: "Heap:1")
      let types = try allocated(try #require(try run.processes().first))
      let names = run.output.split(separator: "\n").filter { $0.hasPrefix("type ") }
      #expect(names.count == 17)
      for name in names {
        #expect(types[String(name.dropFirst(5))] != nil, "\(name) of \(types.keys.sorted())")
      }
      for name in [
        "closure context or box", "error", "Swift._DictionaryStorage<Swift.String, Swift.Int>",
        "types.Slot<Swift.Int>", "types.Base<function>",
      ] {
        #expect(types[name] != nil, "\(name) of \(types.keys.sorted())")
      }
    }

    /// Nothing waits for itself when a sample is taken while the runtime holds its locks.
    @Test func threads() throws {
      let path = try program(HeapSwiftSources.threads, "threads")
      let run = try HeapProgram([path], interval: "Heap:512", seconds: 60)
      #expect(run.output.contains("finished 8"), "\(run.output)")
      let types = try allocated(try #require(try run.processes().first))
      #expect(types.keys.contains { $0.hasPrefix("types.Node<") }, "\(types.keys.sorted())")
    }

    /// A program in C has no types.
    @Test(.needs(.program("gcc"))) func noTypes() throws {
      let path = try #require(CompiledProgram.path(of: HeapSources.leaks, name: "heap-no-types"))
      let run = try HeapProgram([path], interval: "Heap:1")
      let types = try allocated(try #require(try run.processes().first))
      #expect(Array(types.keys) == [""])
    }
  }
}
