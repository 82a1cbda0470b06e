import TestSupport
import Testing

extension EndToEnd {
  /// The heap of real programs, and under other allocators.
  @Suite struct HeapProgramsTests {
    private func leaks(under library: String) throws {
      let path = try #require(CompiledProgram.path(of: HeapSources.leaks, name: "heap-" + library))
      let run = try HeapProgram([path], interval: "Heap:1", variables: ["LD_PRELOAD": library])
      let process = try #require(try run.processes().first)
      #expect(HeapProgram.inUse(of: "leak_small", in: process) == 100_000)
      #expect(HeapProgram.inUse(of: "use", in: process) == 0)
    }

    @Test(.needs(.program("gcc"), .library("libjemalloc.so.2"))) func jemalloc() throws {
      try leaks(under: "libjemalloc.so.2")
    }

    @Test(.needs(.program("gcc"), .library("libtcmalloc_minimal.so.4"))) func tcmalloc() throws {
      try leaks(under: "libtcmalloc_minimal.so.4")
    }

    /// Each function has in use what tcmalloc's heap profile says.
    @Test(.needs(.program("gcc"), .program("google-pprof"), .library("libtcmalloc.so.4")))
    func profileOfTcmalloc() throws {
      let path = try #require(CompiledProgram.path(of: HeapSources.leaks, name: "heap-profiled"))
      let run = try HeapProgram([path], interval: "Heap:1")
      let process = try #require(try run.processes().first)
      let prefix = run.scratch.path("profile")
      var variables = run.scratch.environment
      variables["LD_PRELOAD"] = "libtcmalloc.so.4"
      variables["HEAPPROFILE"] = prefix
      try ChildProcess(path, environment: variables).succeed()
      let shown = try ChildProcess(
        "google-pprof",
        ["--text", "--inuse_space", "--show_bytes", path, prefix + ".0001.heap"])
      try shown.succeed()
      for function in ["leak_small", "leak_big", "keep"] {
        let line = shown.output.split(separator: "\n").first { $0.hasSuffix(" " + function) }
        let bytes = try #require(line?.split(separator: " ").first.flatMap { Int($0) })
        #expect(bytes > 0 && HeapProgram.inUse(of: function, in: process) == bytes)
      }
    }

    /// The program's output is what it is without the library, and its heap is known.
    private func expect(_ output: String, of command: [String]) throws {
      let run = try HeapProgram(command, interval: "Heap:4K", seconds: 240)
      #expect(run.output.contains(output), "\(run.output)")
      let processes = try run.processes()
      #expect(processes.contains { $0["in_use_bytes"] as? Int ?? 0 > 100_000 })
    }

    @Test(.needs(.program("python3"))) func python() throws {
      try expect(
        "499999500000",
        of: ["python3", "-c", "a = [str(i) * 9 for i in range(100000)]; print(sum(range(10**6)))"])
    }

    @Test(.needs(.program("node"))) func node() throws {
      let script = "console.log(Array(1e5).fill().map(() => ({})).length)"
      try expect("100000", of: ["node", "-e", script])
    }

    @Test(.needs(.program("java"))) func java() throws {
      try expect("version", of: ["java", "-version"])
    }

    /// A Swift program keeps its own runtime and its own provider.
    @Test func swift() throws {
      let run = try HeapProgram([Tools.tinyRuntime, "--rounds", "20"], interval: "Heap:64,GC")
      let process = try #require(try run.processes().first)
      #expect(try #require(process["in_use_bytes"] as? Int) > 1000)
      #expect(run.output.contains("Runtime/GCStart"), "\(run.output)")
    }
  }
}
