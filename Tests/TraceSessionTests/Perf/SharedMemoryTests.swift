import Foundation
import TestSupport
import Testing

@testable import TraceSession

/// Whether a child has its parent's memory, of real processes.
@Suite(.needs(.x86, .program("python3"))) struct SharedMemoryTests {
  /// With CLONE_VM, as vfork(2) does it, and without.
  @Test(arguments: [(0x100, true), (0, false)])
  func theKernelKnowsWhoSharesMemory(flags: Int, isShared: Bool) throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/child"
    // The child has no stack of its own; CLONE_VFORK keeps the parent from running meanwhile.
    let parent = try ChildProcess(
      "python3",
      [
        "-c",
        """
        import ctypes, os, signal
        libc = ctypes.CDLL(None)
        flags = \(flags) | 0x4000
        if libc.syscall(56, flags | 17, 0, 0, 0, 0) == 0:
          with open('\(path).new', 'w') as file: file.write(str(os.getpid()))
          os.rename('\(path).new', '\(path)')
          while os.path.exists('\(path)'): libc.usleep(10000)
          os._exit(0)
        """,
      ])
    defer { parent.kill() }
    var child: UInt32?
    try waitUntil("the child runs") {
      child = (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { UInt32($0) }
      return child != nil
    }
    let facts = LiveProcessFacts(images: ImageFiles(heldMax: 0))
    let pid = UInt32(parent.pid)
    let shares = facts.sharesMemory(try #require(child), with: pid)
    unlink(path)
    #expect(shares == isShared)
    #expect(!facts.sharesMemory(pid, with: 1))
    #expect(!facts.sharesMemory(pid, with: 0))
    #expect(!facts.sharesMemory(.max, with: .max))
  }
}
