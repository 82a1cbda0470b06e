import Glibc
import TestSupport
import Testing

@testable import TraceControl

@Suite struct RuntimeDirectoryTests {
  let place = TemporaryDirectory()
  var path: String { "\(place.path)/meet" }

  func open(creating: Bool = false) throws(RuntimeDirectoryError) -> RuntimeDirectory {
    try RuntimeDirectory.open(path, kind: .user, creating: creating)
  }

  @Test func isCreatedForItsUserAlone() throws {
    _ = try open(creating: true)
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o700)
    _ = try open()
  }

  @Test func missingDirectoryIsNamed() {
    #expect(throws: RuntimeDirectoryError.system(path: path, call: "open", code: ENOENT)) {
      try open()
    }
  }

  @Test func symbolicLinkIsRefused() {
    mkdir("\(place.path)/real", 0o700)
    symlink("\(place.path)/real", path)
    #expect(throws: RuntimeDirectoryError.symbolicLink(path: path)) { try open(creating: true) }
  }

  @Test func fileIsRefused() {
    close(creat(path, 0o700))
    #expect(throws: RuntimeDirectoryError.notADirectory(path: path)) { try open(creating: true) }
  }

  @Test(arguments: [0o755, 0o770, 0o701, 0o1777] as [mode_t])
  func openModeIsRefused(_ mode: mode_t) {
    mkdir(path, 0o700)
    chmod(path, mode)
    #expect(
      throws: RuntimeDirectoryError.wrongMode(path: path, mode: UInt32(mode), allowed: 0o700)
    ) { try open(creating: true) }
  }

  @Test(.needs(.root))
  func othersDirectoryIsRefused() {
    mkdir(path, 0o700)
    chown(path, 65_534, 65_534)
    let expected = RuntimeDirectoryError.wrongOwner(path: path, owner: 65_534, expected: 0)
    #expect(throws: expected) { try open(creating: true) }
    #expect(expected.description.contains(path))
    #expect(expected.description.contains("65534"))
    #expect(expected.description.contains("TRACE_RUNTIME_DIR"))
  }

  @Test func replacedDirectoryIsNotFollowed() throws {
    let directory = try open(creating: true)
    close(creat("\(path)/session-1-0.sock", 0o600))
    rename(path, "\(place.path)/moved")
    mkdir(path, 0o700)
    close(creat("\(path)/session-2-0.sock", 0o600))
    #expect(directory.sessionSocketNames() == ["session-1-0.sock"])
    #expect(access(directory.pathInside("session-1-0.sock"), F_OK) == 0)
  }

  @Test func placesFollowTheEnvironment() {
    func paths(_ environment: [String: String]) -> [String] {
      RendezvousPaths.watched { environment[$0] }.map(\.path)
    }
    #expect(paths([:]) == ["/tmp/tracectl-\(geteuid())", "/run/tracectl"])
    #expect(paths(["XDG_RUNTIME_DIR": "/x"]) == ["/x/tracectl", "/run/tracectl"])
    #expect(paths(["XDG_RUNTIME_DIR": "/x", "TRACE_RUNTIME_DIR": "/y"]) == ["/y"])
  }

  @Test func socketNames() {
    let name = SessionSocketName.make(pid: 12, number: 3)
    #expect(name == "session-12-3.sock")
    #expect(SessionSocketName.isOne(name))
    let unfinished = SessionSocketName.unfinished(name)
    #expect(!SessionSocketName.isOne(unfinished))
    #expect(SessionSocketName.isUnfinished(unfinished))
  }
}
