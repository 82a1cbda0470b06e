import Glibc
import Testing
import TraceControl

@testable import tracectl

@Suite struct DoctorTests {
  @Test func kernels() {
    #expect(MachineChecks.kernel(release: "6.18.1-generic").verdict == .ok)
    #expect(MachineChecks.kernel(release: "5.10.0").verdict == .ok)
    #expect(MachineChecks.kernel(release: "5.4.0-150").verdict == .warn)
    #expect(MachineChecks.kernel(release: "4.19.0").advice != nil)
    #expect(MachineChecks.kernel(release: "strange").verdict == .warn)
  }

  @Test func rseqThatIsOffNamesTheSwitch() {
    let off = MachineChecks.rseq(
      isRegistered: false, passesSelfTest: false, tunables: "glibc.pthread.rseq=0")
    #expect(off.verdict == .warn)
    #expect(off.advice?.contains("GLIBC_TUNABLES") == true)
    let broken = MachineChecks.rseq(isRegistered: true, passesSelfTest: false, tunables: nil)
    #expect(broken.verdict == .warn)
    let good = MachineChecks.rseq(isRegistered: true, passesSelfTest: true, tunables: nil)
    #expect(good.verdict == .ok)
  }

  @Test func clocks() {
    #expect(MachineChecks.counter(isInvariant: true, clockSource: "tsc").verdict == .ok)
    #expect(MachineChecks.counter(isInvariant: true, clockSource: "kvm-clock").verdict == .ok)
    #expect(MachineChecks.counter(isInvariant: true, clockSource: "hpet").verdict == .warn)
    #expect(MachineChecks.counter(isInvariant: false, clockSource: "tsc").verdict == .warn)
  }

  private static func check(_ path: String) -> RuntimeDirectoryCheck {
    let environment = ["TRACE_RUNTIME_DIR": path]
    return RuntimeDirectoryCheck(place: RendezvousPaths.user { environment[$0] })
  }

  @Test func runtimeDirectories() throws {
    var template = Array("/tmp/tracectl-doctor-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
    let directory = String(cString: try #require(made))
    defer { rmdir(directory) }
    let check = Self.check(directory)
    #expect(check.run().map(\.verdict) == [.ok, .ok])

    chmod(directory, 0o755)
    let open = try #require(check.run().first)
    #expect(open.verdict == .fail)
    #expect(open.advice?.contains("chmod") == true)

    let link = directory + ".link"
    symlink(directory, link)
    defer { unlink(link) }
    let linked = Self.check(link).run()
    #expect(linked.map(\.verdict) == [.fail])

    let missing = Self.check(directory + "/new")
    #expect(missing.run().map(\.verdict) == [.ok])
    let unreachable = Self.check("/proc/nowhere/x")
    #expect(unreachable.run().map(\.verdict) == [.fail])
  }

  @Test func limits() {
    #expect(LimitChecks.openFiles(limit: 256).verdict == .warn)
    #expect(LimitChecks.openFiles(limit: 1024).verdict == .ok)
    #expect(LimitChecks.openFiles(limit: .max).verdict == .ok)
    #expect(LimitChecks.watches(instances: 16).verdict == .warn)
    #expect(LimitChecks.disk(free: 1 << 20, isWritable: true).verdict == .warn)
    #expect(LimitChecks.disk(free: 1 << 40, isWritable: true).verdict == .ok)
    #expect(LimitChecks.disk(free: 1 << 40, isWritable: false).verdict == .warn)
    #expect(LimitChecks.switchedOff("1")?.verdict == .fail)
    #expect(LimitChecks.switchedOff(nil) == nil)
  }

  @Test func everyWarningSaysWhatToDo() {
    for finding in MachineChecks.run() + LimitChecks.run() where finding.verdict != .ok {
      #expect(finding.advice != nil, "\(finding)")
    }
  }
}
