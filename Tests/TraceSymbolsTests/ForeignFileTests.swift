import Glibc
import TestSupport
import Testing

@testable import TraceSymbols

/// Files named by other processes are opened with those processes' rights, and only if they are
/// regular files.
@Suite struct ForeignFileTests {
  static let isRoot = geteuid() == 0
  private let directory = TemporaryDirectory()

  private func file(_ name: String, mode: mode_t, group: gid_t = 0) throws -> String {
    let path = directory.path + "/" + name
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(write(descriptor, name, name.utf8.count) == name.utf8.count)
    if Self.isRoot { try #require(fchown(descriptor, 0, group) == 0) }
    try #require(fchmod(descriptor, mode) == 0)
    return path
  }

  /// The errno; 0 if the file was opened.
  private func outcome(
    _ path: String, _ access: FileAccess = .own, below root: Int32 = AT_FDCWD,
    _ name: ForeignFile.Name = []
  ) -> Int32 {
    let opened =
      root == AT_FDCWD && name.isEmpty
      ? ForeignFile.open(path, as: access)
      : ForeignFile.open(path, below: root, as: access, name)
    guard opened >= 0 else { return -opened }
    close(opened)
    return 0
  }

  private func threadRights() -> FileRights? {
    FileRights(
      status: String(decoding: WholeFile.bytes("/proc/thread-self/status"), as: UTF8.self))
  }

  @Test(.needs(.root)) func rightsAreThoseOfTheUserWhoNamedIt() throws {
    let before = threadRights()
    let secret = try file("secret", mode: 0o600)
    let open = try file("open", mode: 0o644)
    let shared = try file("shared", mode: 0o640, group: 4711)
    let member = FileAccess.rights(FileRights(user: 65_534, group: 65_534, groups: [9, 4711]))
    let primary = FileAccess.rights(FileRights(user: 65_534, group: 4711))
    let nobody = FileAccess.rights(.nobody)
    #expect(outcome(secret, nobody) == EACCES)
    #expect(outcome(secret, member) == EACCES)
    #expect(outcome(open, nobody) == 0)
    #expect(outcome(shared, nobody) == EACCES)
    #expect(outcome(shared, member) == 0)
    #expect(outcome(shared, primary) == 0)
    // A directory that the user may not search hides its files.
    try #require(chmod(directory.path, 0o700) == 0)
    #expect(outcome(open, nobody) == EACCES)
    // Afterwards, the thread has its own rights again.
    #expect(outcome(secret) == 0)
    #expect(outcome(shared) == 0)
    #expect(chown(secret, 1, 1) == 0, "capabilities are back")
    #expect(threadRights() == before)
  }

  @Test(.needs(.root)) func kernelAnswersAreRefused() throws {
    // Their contents depend on the reader.
    #expect(outcome("/proc/1/status") == ENXIO)
    #expect(outcome("/proc/self/maps") == ENXIO)
    #expect(outcome("/sys/kernel/notes") == ENXIO)
  }

  @Test func onlyRegularFilesAreOpenedAndNothingWaits() throws {
    let pipe = directory.path + "/pipe"
    try #require(mkfifo(pipe, 0o666) == 0)
    #expect(outcome(pipe) == ENXIO)
    #expect(outcome(directory.path) == ENXIO)
    #expect(outcome("/dev/null") == ENXIO)
    #expect(outcome("/dev/zero", .ended) == ENXIO)
    #expect(outcome(directory.path + "/absent") == ENOENT)
    #expect(throws: ImageProblem.notAFile(path: pipe)) { try ByteSource(path: pipe) }
  }

  @Test func linksDoNotLeadOutOfTheRoot() throws {
    _ = try file("inside", mode: 0o600)
    let links = directory.path + "/links"
    try #require(mkdir(links, 0o700) == 0)
    for (target, name) in [
      ("/inside", "absolute"), ("../../../../../../inside", "climbing"),
      ("/etc/passwd", "outside"), ("/proc/self/fd/0", "magic"),
    ] {
      try #require(symlink(target, links + "/" + name) == 0)
    }
    let root = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(root) }
    #expect(outcome("/links/absolute", below: root, .inRoot) == 0)
    #expect(outcome("/links/climbing", below: root, .inRoot) == 0)
    #expect(outcome("/../inside", below: root, .inRoot) == 0)
    #expect(outcome("/links/outside", below: root, .inRoot) == ENOENT)
    #expect(outcome("/links/magic", below: root, .inRoot) == ENOENT)
    // With a plain name, the file itself must not be a link.
    #expect(outcome("/inside", below: root, [.inRoot, .plain]) == 0)
    #expect(outcome("/links/absolute", below: root, [.inRoot, .plain]) == ELOOP)
  }

  @Test func whatMayOnlyBeExecutedIsNotReadForProcessesThatAreGone() throws {
    #expect(outcome(try file("program", mode: 0o755), .ended) == 0)
    #expect(outcome(try file("private", mode: 0o700), .ended) == 0)
    #expect(outcome(try file("hidden", mode: 0o711), .ended) == EACCES)
    #expect(outcome(try file("group", mode: 0o750), .ended) == 0)
  }

  @Test func rightsOfAProcess() throws {
    let own = try #require(FileRights(processID: UInt32(getpid())))
    #expect(own.user == geteuid() && own.group == getegid())
    #expect(FileRights(processID: UInt32(Int32.max)) == nil)
    #expect(FileAccess.of(processID: UInt32(Int32.max)) == .ended)
    func status(_ users: String) -> FileRights? {
      FileRights(status: "Name:\tx\nUid:\t\(users)\nGid:\t5\t5\t5\t6\nGroups:\t7 8 \n")
    }
    #expect(status("9\t9\t9\t9") == FileRights(user: 9, group: 6, groups: [7, 8]))
    #expect(status("1000\t0\t0\t0")?.user == 1000, "set-user-id root")
    #expect(status("0\t33\t0\t33")?.user == 33, "a server that serves a user")
    #expect(status("0\t0\t0\t0")?.user == 0)
    #expect(FileRights(status: "Name:\tx\n") == nil)
  }

  @Test func pathsBelowAProcessAreOfItsRoot() throws {
    let path = try file("file", mode: 0o600)
    #expect(outcome("/proc/\(getpid())/root\(path)") == 0)
    #expect(outcome("/proc/\(Int32.max)/root\(path)") == ENOENT)
  }
}

/// Situations that a user's process can create in its namespaces.
@Suite(.needs(.root, Requirement("user namespaces") { NamespacedProcess.isPossible }))
struct ForeignNamespaceTests {
  private let directory = TemporaryDirectory()

  @Test func aRootsFileThatIsMountedOverANameIsNotRead() throws {
    let secret = directory.path + "/secret"
    let name = directory.path + "/name"
    for (path, mode) in [(secret, mode_t(0o600)), (name, 0o644)] {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode)
      try #require(descriptor >= 0)
      close(descriptor)
    }
    let process = try NamespacedProcess("mount --bind \(secret) \(name)")
    let inside = "/proc/\(process.pid)/root\(name)"
    #expect(-ForeignFile.open(inside) == EACCES)
    // A mount point is refused with a plain name, even if readable.
    #expect(chmod(secret, 0o644) == 0)
    let root = open("/proc/\(process.pid)/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(root) }
    let rights = FileAccess.of(processID: process.pid)
    #expect(-ForeignFile.open(name, below: root, as: rights, [.inRoot, .plain]) == EXDEV)
    let opened = ForeignFile.open(inside)
    #expect(opened >= 0, "an image may be mounted")
    close(opened)
  }

  @Test func anImageOfRootsIsNotReadForItsBuildID() throws {
    let tool = directory.path + "/tool"
    let code = WholeFile.bytes("/bin/true")
    let descriptor = open(tool, O_WRONLY | O_CREAT | O_CLOEXEC, 0o711)
    try #require(write(descriptor, code, code.count) == code.count)
    close(descriptor)
    let process = try NamespacedProcess("true")
    #expect(throws: ImageProblem.unreadable(path: "/proc/\(process.pid)/root\(tool)", code: EACCES))
    {
      try DebugFiles(roots: ["/proc/\(process.pid)/root"]).image(path: tool, expected: nil)
    }
    let access = FileAccess.of(processID: process.pid)
    #expect(throws: ImageProblem.unreadable(path: tool, code: EACCES)) {
      try DebugFiles(access: access).image(path: tool, expected: nil)
    }
    _ = try DebugFiles().image(path: tool, expected: nil)
  }
}

/// A process of the user nobody, which is root in its own namespaces.
final class NamespacedProcess {
  private let process: ChildProcess

  /// Whether a user may create such namespaces, determined by trying.
  static let isPossible = (try? NamespacedProcess("true")) != nil

  /// Starts a process that runs `script` before this returns, and then sleeps.
  init(_ script: String) throws {
    let process = try ChildProcess(
      "setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-Urm", "sh", "-c"]
        + ["\(script) && echo done && exec sleep 1000"])
    self.process = process
    try waitUntil { process.output.contains("done") || process.hasEnded }
    if process.hasEnded {
      throw ChildProcess.Failure(description: "cannot make namespaces: \(process.errors)")
    }
  }

  var pid: UInt32 { UInt32(process.pid) }
}
