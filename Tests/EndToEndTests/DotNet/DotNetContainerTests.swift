import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// A real .NET runtime in a container: other mounts, other pids, another root directory.
  @Suite(
    .serialized,
    .needs(DotNetProgram.requirement), .needs(.root, .namespaces), .needs(.kernelSamples))
  struct DotNetContainerTests {
    /// Makes a root directory of the machine's programs, a /tmp of its own and the directories that
    /// follow, up to `--`, and runs the rest of the arguments in it.
    private static let script = """
      set -e
      root=$1; shift
      mount -t tmpfs none "$root"
      for name in usr bin sbin lib lib64 etc dev; do
        if [ -L /$name ]; then cp -P /$name "$root/$name"
        elif [ -d /$name ]; then mkdir "$root/$name"; mount --rbind /$name "$root/$name"; fi
      done
      mkdir "$root/proc" "$root/tmp"
      mount -t proc none "$root/proc"
      while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --bind "$1" "$root$1"; shift; done
      shift
      exec chroot "$root" "$@"
      """

    private func directory(_ path: String) -> String {
      path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }

    private func text(_ path: String) -> String { (try? readText(path)) ?? "" }

    /// The process in the container: the only child of `unshare`.
    private func contained(_ program: ChildProcess) throws -> UInt32 {
      let children = text("/proc/\(program.pid)/task/\(program.pid)/children")
      return try #require(UInt32(children.split(separator: " ").first ?? ""), "\(children)")
    }

    @Test func runtimeInAContainer() throws {
      let scratch = try Scratch()
      let (root, command) = (scratch.path("root"), try DotNetProgram.command())
      mkdir(root, 0o755)
      let program = try DotNetProgram.start(
        "compute+gc+throw+compute", in: scratch,
        prefix: [
          "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
          "sh", "-c", Self.script, "sh", root, directory(command[0]), directory(command[3]),
          directory(root), "--",
        ], variables: ["TMPDIR": "/tmp"])
      let pid = try contained(program)
      let status = text("/proc/\(pid)/status").split(separator: "\n")
      let numbers = status.first { $0.hasPrefix("NSpid:") }?.split(separator: "\t").dropFirst()
      #expect(numbers.map(Array.init) == ["\(pid)", "1"])
      #expect(
        Scratch.names(in: "/tmp").allSatisfy { !$0.hasPrefix("dotnet-diagnostic-1-") },
        "the socket is visible from outside")

      let list = try ChildProcess(Tools.tracectl, ["providers", "-p", "\(pid)"], in: scratch)
      try list.succeed()
      #expect(list.output.contains(".NET 8.0.4, Subject"), "\(list.output)")
      let session = try scratch.collect("GC,Exception,CPU", to: "t.etl", "-p", "\(pid)")
      DotNetProgram.touch(scratch.path("go"))
      try waitUntil("the program is done: \(program.output)", seconds: 30) {
        program.output.contains("end")
      }
      try session.interrupt()
      DotNetProgram.touch(scratch.path("stop"))
      try program.succeed()

      let trace = scratch.path("t.etl")
      try DotNetTests.Counts(trace).expect(program.output)
      try expectNumbers(of: pid, in: trace)
      let report = try ChildProcess(
        Tools.tracectl, ["stacks", trace, "-process", "dotnet"], in: scratch)
      try report.succeed()
      for name in ["HotSquareRoots", "HotRemainders"] {
        #expect(report.output.contains(name), "\(report.output)")
      }
    }

    /// The runtime's events and the kernel's samples have the same process and threads.
    private func expectNumbers(of pid: UInt32, in trace: String) throws {
      var (throwers, samples): (Set<UInt32>, [UInt32: Int]) = ([], [:])
      let replay = Replay(try TraceFile(path: trace))
      replay.on(ExceptionThrown.self) { _, header in
        throwers.insert(header.tid)
        #expect(header.pid == pid)
      }
      replay.on(SampledProfile.self) { _, header in
        if header.pid == pid { samples[header.tid, default: 0] += 1 }
      }
      try replay.run()
      // The program throws and computes on its first thread.
      #expect(throwers == [pid])
      #expect(samples.max { $0.value < $1.value }?.key == pid, "\(samples)")
    }
  }
}
