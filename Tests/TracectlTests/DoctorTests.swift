import Glibc
import Testing

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

  @Test(arguments: [
    (UInt32(S_IFDIR | 0o700), UInt32(1000), Finding.Verdict.ok),
    (UInt32(S_IFDIR | 0o755), 1000, .fail),
    (UInt32(S_IFDIR | 0o700), 0, .fail),
    (UInt32(S_IFLNK | 0o777), 1000, .fail),
    (UInt32(S_IFREG | 0o600), 1000, .fail),
  ])
  func runtimeDirectories(mode: UInt32, owner: UInt32, verdict: Finding.Verdict) {
    let check = RuntimeDirectoryCheck(environment: { _ in nil }, user: 1000)
    let finding = check.found(mode: mode, owner: owner)
    #expect(finding.verdict == verdict)
    #expect((finding.advice == nil) == (verdict == .ok))
  }

  @Test func whereTheRuntimeDirectoryIs() {
    let both = ["TRACE_RUNTIME_DIR": "/a", "XDG_RUNTIME_DIR": "/b"]
    #expect(RuntimeDirectoryCheck(environment: { both[$0] }, user: 7).path == "/a")
    let one = ["TRACE_RUNTIME_DIR": "", "XDG_RUNTIME_DIR": "/b"]
    #expect(RuntimeDirectoryCheck(environment: { one[$0] }, user: 7).path == "/b/tracectl")
    #expect(RuntimeDirectoryCheck(environment: { _ in nil }, user: 7).path == "/tmp/tracectl-7")
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
