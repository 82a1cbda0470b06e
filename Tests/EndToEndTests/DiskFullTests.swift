import Glibc
import TestSupport
import Testing
import TraceFormat

extension EndToEnd {
  @Suite struct DiskFullTests {
    private static let smallMount = Requirement("mounting a tmpfs") {
      Requirement.succeeds("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt")
    }

    /// A full disk leads to a clear error and a file that is readable up to the failure; the traced
    /// program is not affected.
    @Test(.needs(.root, smallMount))
    func smallFileSystem() throws {
      let scratch = try Scratch()
      let directory = scratch.path("small")
      mkdir(directory, 0o700)
      try ChildProcess(
        "mount", ["-t", "tmpfs", "-o", "size=1m", "none", directory], in: scratch
      ).succeed()
      defer { _ = try? ChildProcess("umount", ["-l", directory], in: scratch).wait() }
      let storm = try scratch.storm(
        "--events", "2000000", "--payload", "mixed", "--rate", "500000", "--wait-for-enable", "20")
      let session = try scratch.collect(to: "small/full.etl", "-mode", "discard")
      let code = try session.wait()
      #expect(code != 0)
      #expect(session.output.contains("space"), "\(session.output)")
      #expect(!session.output.contains("Fatal error"))
      let file = try TraceFile(path: scratch.path("small/full.etl"))
      #expect(file.eventCount > 0)
      try storm.succeed()
    }

    /// A disk without any free space.
    @Test func fullFromTheStart() throws {
      let scratch = try Scratch()
      let session = try ChildProcess(
        Tools.tracectl, ["collect", "-providers", "Storm", "-o", "/dev/full", "-duration", "1s"],
        in: scratch)
      let sessionCode = try session.wait()
      #expect(sessionCode != 0)
      #expect(session.output.contains("/dev/full"))
      #expect(!session.output.contains("Fatal error"))
    }
  }
}
