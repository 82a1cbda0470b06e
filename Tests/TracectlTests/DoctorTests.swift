import Glibc
import Testing
import TraceAnalysis
import TraceControl
import TraceEvents
import TraceSession

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

  private static func check(
    machine: SamplingCheck.Attempt, own: SamplingCheck.Attempt, ringBytes: Int = 512 << 10,
    rateMax: Int = 100_000, framesMax: Int = 127, showsKernelAddresses: Bool = true
  ) -> SamplingCheck {
    SamplingCheck(
      wholeMachine: machine, ownProcesses: own, ringBytes: ringBytes, ringBytesWanted: 512 << 10,
      rateMax: rateMax, framesMax: framesMax, ringMemoryKilobytes: 516,
      showsKernelAddresses: showsKernelAddresses)
  }

  @Test func samplesOfTheWholeMachine() {
    let all = SamplingCheck.Attempt.permitted(.processorCycles, hasKernelFrames: true)
    let findings = SamplingChecks(Self.check(machine: all, own: all)).run()
    #expect(findings.allSatisfy { $0.verdict == .ok && $0.advice == nil })
    #expect(
      findings[0].observation
        == "of the whole machine, with the kernel's frames, by the kernel's events "
        + "(processor cycles)")
    #expect(findings.contains { $0.observation.contains("up to 127 frames") })
  }

  @Test func samplesOfOwnProcessesSayWhatGivesMore() throws {
    let findings = SamplingChecks(
      Self.check(
        machine: .refused("no"), own: .permitted(.cpuClock, hasKernelFrames: false))
    ).run()
    #expect(findings[0].verdict == .warn)
    #expect(findings[0].observation.hasPrefix("of your own processes, without the kernel's"))
    let advice = try #require(findings[0].advice)
    #expect(advice.contains("perf_event_paranoid=1"))
    #expect(advice.contains("perf_event_paranoid=0"))
    #expect(!findings.contains { $0.subject == "kernel names" })
  }

  @Test func samplesThatTheKernelRefuses() {
    let refused = SamplingCheck.Attempt.refused("the kernel says no; ask it nicely")
    let findings = SamplingChecks(Self.check(machine: refused, own: refused)).run()
    #expect(findings.count == 1)
    #expect(findings[0].verdict == .warn)
    #expect(findings[0].observation.contains("by timers in the program itself"))
    #expect(findings[0].advice == "the kernel says no; ask it nicely")
  }

  @Test func limitsOfSamples() {
    let all = SamplingCheck.Attempt.permitted(.cpuClock, hasKernelFrames: true)
    let findings = SamplingChecks(
      Self.check(
        machine: all, own: all, ringBytes: 64 << 10, rateMax: 50, framesMax: 16,
        showsKernelAddresses: false)
    ).run()
    let warned = findings.filter { $0.verdict == .warn && $0.advice != nil }.map(\.subject)
    #expect(warned == ["sample rate", "sample stacks", "sample memory", "kernel names"])
    #expect(findings.first { $0.subject == "sample memory" }?.observation.contains("64") == true)
  }

  @Test func everyWarningSaysWhatToDo() {
    let findings = MachineChecks.run() + SamplingChecks().run() + LimitChecks.run()
    for finding in findings where finding.verdict != .ok {
      #expect(finding.advice != nil, "\(finding)")
    }
  }
}
