import Foundation
import Glibc
import TestSupport
import Testing

@testable import TraceControl

@Suite struct ProcessIdentityTests {
  /// A running program that is replaced by a build keeps its name.
  @Test func aProgramWhoseFileIsGoneKeepsItsName() throws {
    let place = TemporaryDirectory()
    let path = "\(place.path)/napper"
    try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: path)
    let process = try ChildProcess(path, ["60"])
    defer { process.kill() }
    // It runs when the initializer returns.
    unlink(path)
    let identity = ProcessIdentity(procName: "\(process.pid)")
    #expect(identity.executable == path)
    #expect(identity.parentPID == UInt32(getpid()))
  }

  @Test func whatHasEndedIsUnknown() {
    let identity = ProcessIdentity(procName: "5000001")
    #expect(identity.executable.isEmpty)
    #expect(identity.startTime == 0)
    #expect(ProcessIdentity.executable(of: 5_000_001) == nil)
  }
}
