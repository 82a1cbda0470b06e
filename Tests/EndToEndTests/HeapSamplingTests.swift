import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// libtraceheap.so: estimates, programs of every kind, and other allocators.
  @Suite(.needs(.program("gcc"))) struct HeapSamplingTests {
    /// The mean of the estimates with 200 seeds is the truth, within 2 %. The truth is judged by
    /// malloc_usable_size and mallinfo2. With the longer interval, samples have addresses of their
    /// own.
    @Test(arguments: [["2048", "1"], ["131072", "16"]])
    func estimatesAreUnbiased(_ arguments: [String]) throws {
      let path = try #require(CompiledProgram.path(of: HeapSources.schedule, name: "heap-schedule"))
      let child = try ChildProcess(
        path, arguments,
        environment: ChildProcess.environment(with: [
          "LD_PRELOAD": HeapProgram.library, "TRACE_DISABLE": "1",
        ]))
      try child.succeed(seconds: 120)
      let numbers = HeapProgram.numbers(in: child.output)
      let bytes = try #require(numbers["bytes"]), objects = try #require(numbers["objects"])
      let usable = try #require(numbers["usable"]), used = try #require(numbers["used"])
      #expect(bytes > 4e6 && usable >= bytes && usable < bytes * 1.2)
      #expect(used >= usable && used < usable * 1.1)
      let estimated = try #require(numbers["estimated_bytes"])
      #expect(abs(estimated / bytes - 1) < 0.02, "\(child.output)")
      let estimatedObjects = try #require(numbers["estimated_objects"])
      #expect(abs(estimatedObjects / objects - 1) < 0.02, "\(child.output)")
      #expect(numbers["left"] == 0, "\(child.output)")
      // The totals of places, which the profiles in the process show, are those of the samples.
      let all = try #require(numbers["all_bytes"]), places = try #require(numbers["place_bytes"])
      #expect(abs(places / all - 1) < 1e-3, "\(child.output)")
      let allObjects = try #require(numbers["all_objects"])
      let placeObjects = try #require(numbers["place_objects"])
      #expect(abs(placeObjects / allObjects - 1) < 1e-3, "\(child.output)")
      #expect(abs(try #require(numbers["place_left"])) < 1, "\(child.output)")
    }

    /// The bytes that memcheck reports as lost are those in use at the end, function by function.
    @Test(.needs(.program("valgrind"))) func leaksAreThoseOfMemcheck() throws {
      let path = try #require(CompiledProgram.path(of: HeapSources.leaks, name: "heap-leaks"))
      let checked = try ChildProcess(
        "valgrind", ["--leak-check=full", "--num-callers=20", path], isMerged: true)
      try checked.succeed()
      let run = try HeapProgram([path], interval: "Heap:1")
      let process = try #require(try run.processes().first)
      for function in ["leak_small", "leak_big"] {
        let bytes = HeapProgram.inUse(of: function, in: process)
        #expect(bytes == (function == "leak_small" ? 100_000 : 900_000))
        #expect(bytes == Self.lost(by: function, in: checked.output), "\(checked.output)")
      }
      #expect(HeapProgram.inUse(of: "keep", in: process) == 25_000)
      #expect(HeapProgram.inUse(of: "use", in: process) == 0)
    }

    /// The bytes of the loss records whose stacks have the function.
    private static func lost(by function: String, in output: String) -> Int {
      var bytes = 0
      var record = 0
      for line in output.split(separator: "\n") {
        if line.contains("are definitely lost in loss record") {
          let words = line.split(separator: " ").map { $0.filter { $0 != "," } }
          record = words.dropFirst().first.flatMap { Int($0) } ?? 0
        } else if line.contains(": \(function) (") {
          bytes += record
          record = 0
        }
      }
      return bytes
    }

    @Test func whatGrowsComesFirst() throws {
      let path = try #require(CompiledProgram.path(of: HeapSources.leaks, name: "heap-grows"))
      let run = try HeapProgram([path, "3000"], interval: "Heap:1")
      let process = try #require(try run.processes("-between", "0s,1h").first)
      let places = try #require(process["places"] as? [[String: Any]])
      for (place, function) in zip(places, ["leak_big", "leak_small"]) {
        let frames = try #require(place["frames"] as? [String])
        #expect(frames.contains { $0.hasSuffix("!" + function) }, "\(places)")
        #expect(try #require(place["leak_likelihood"] as? Double) > 0.6)
      }
      // A tenth of the leaks came before a tenth of the time.
      let early = try #require(try run.processes("-at", "100ms").first)
      let inUse = HeapProgram.inUse(of: "leak_small", in: early)
      #expect(inUse < 60_000, "\(inUse)")
    }

    /// Memory that the program maps itself; what it only reserves is not in use.
    @Test func mappings() throws {
      let path = try #require(CompiledProgram.path(of: HeapSources.maps, name: "heap-maps"))
      let run = try HeapProgram([path], interval: "Heap:1")
      let process = try #require(try run.processes().first)
      let known = [
        "map_keep": 6_000_000, "map_drop": 0, "map_grow": 8 << 20, "map_reserve": 0,
        "map_replace": 20 * 40960,
      ]
      for (function, bytes) in known {
        #expect(HeapProgram.inUse(of: function, in: process) == bytes, "\(function)")
      }
    }

    /// Constructors, exiting threads, signal handlers, forks and unloaded libraries.
    @Test(arguments: ["Heap:1", "Heap:1K"], [[], ["-unwind", "dwarf"]])
    func everywhere(_ interval: String, _ options: [String]) throws {
      let path = try #require(
        CompiledProgram.path(of: HeapSources.everywhere, name: "heap-everywhere"))
      let run = try HeapProgram([path, "2"], interval: interval, options: options)
      #expect(run.output.contains("failures 0"), "\(run.output)")
    }
  }
}
