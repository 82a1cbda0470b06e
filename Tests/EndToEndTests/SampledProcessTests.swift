import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Which processes are sampled, how many, and their names.
  @Suite(.needs(.kernelSamples)) struct SampledProcessTests {
    static let spin = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"

    struct Seen {
      var samples: [UInt32: Int] = [:]
      var names: [UInt32: Set<String>] = [:]
    }

    func collect(_ options: [String], _ command: [String], in scratch: Scratch) throws -> TraceFile
    {
      let trace = scratch.path("trace.etl")
      let collection = try ChildProcess(
        Tools.tracectl, ["collect", "-o", trace] + options + ["--"] + command, in: scratch)
      try collection.succeed()
      return try TraceFile(path: trace)
    }

    func see(_ file: TraceFile) throws -> Seen {
      var seen = Seen()
      let replay = Replay(file)
      replay.on(SampledProfile.self) { _, header in seen.samples[header.pid, default: 0] += 1 }
      replay.on(ProcessStart.self) { event, header in
        seen.names[header.pid, default: []].insert(event.name)
      }
      replay.on(ProcessExec.self) { event, header in
        seen.names[header.pid, default: []].insert(event.name)
      }
      try replay.run()
      return seen
    }

    /// A program name selects samples as it selects providers.
    @Test func aNameChoosesSamples() throws {
      let scratch = try Scratch()
      let program = "sh -c '\(Self.spin)'; minivm \(AttributionTests.programs)fannkuch.mini; true"
      let directory = Tools.miniVM.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
      let file = try collect(
        ["-providers", "CPU", "-process", "minivm"],
        ["/bin/sh", "-c", "PATH=\(directory):$PATH; \(Self.spin); \(program)"], in: scratch)
      let seen = try see(file)
      #expect(seen.samples.count == 1)
      let pid = try #require(seen.samples.first).key
      #expect(seen.names.keys.allSatisfy { $0 == pid })
      #expect(seen.names[pid]?.contains("minivm") == true)
      #expect(file.processes.map(\.pid) == [pid])
    }

    /// Thousands of short-lived processes: each is reported once with its own name, and the file
    /// stays small.
    @Test func manyShortProcesses() throws {
      let scratch = try Scratch()
      let count = 2000
      let file = try collect(
        ["-providers", "CPU"],
        ["/bin/sh", "-c", "i=0; while [ $i -lt \(count) ]; do /bin/true; i=$((i+1)); done"],
        in: scratch)
      #expect(file.lossTotals.allSatisfy { $0.count == 0 })
      let names = try see(file).names
      #expect(names.values.count { $0.contains("true") } == count)
      // Other programs that join meanwhile do not come from the kernel's records.
      let processes = file.processes.filter { names[$0.pid] != nil }
      #expect(processes.count == count + 1)
      #expect(processes.allSatisfy { $0.endTicks != nil })
      #expect(file.byteCount < 300 * UInt64(count))
    }
  }
}
