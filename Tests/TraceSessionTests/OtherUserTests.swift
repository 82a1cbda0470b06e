import Foundation
import TestSupport
import Testing
import TraceControl

@testable import TraceSession

/// Another user's process cannot connect to a session, because of the directory's mode and the
/// socket's mode. Requires root, to change the user temporarily.
@Suite struct OtherUserTests {
  static let nobody = 65_534

  /// The errno of connecting as nobody: 0 when it succeeds.
  private func connectAsNobody(_ path: String) throws -> Int32 {
    let seqpacket = 5
    return try ChildProcess(
      "setpriv",
      [
        "--reuid=\(Self.nobody)", "--regid=\(Self.nobody)", "--clear-groups", "perl",
        "-MSocket", "-e",
        "socket(S, AF_UNIX, \(seqpacket), 0) or exit 99;"
          + "connect(S, pack_sockaddr_un($ARGV[0])) ? exit 0 : exit $!",
        path,
      ]
    ).wait()
  }

  @Test(.needs(.root, .program("setpriv"), .program("perl"))) func cannotConnect() throws {
    let place = TemporaryDirectory()
    let directory = try RuntimeDirectory.open("\(place.path)/meet", kind: .user, creating: true)
    let listener = try SessionListener(in: directory)
    let socket = "\(place.path)/meet/\(listener.name)"
    #expect(chmod(place.path, 0o755) == 0)
    #expect(try connectAsNobody(socket) == EACCES)
    // Even if the directory has been opened to all.
    #expect(chmod("\(place.path)/meet", 0o755) == 0)
    #expect(try connectAsNobody(socket) == EACCES)
    // Checks the test itself: a socket that is open to all accepts connections.
    #expect(chmod(socket, 0o777) == 0)
    #expect(try connectAsNobody(socket) == 0)
  }
}
