import OSStrings
import TraceAnalysis
import CTraceShims
import Glibc

/// Checks the features of the processor and the kernel.
enum MachineChecks {
  static func run() -> [Finding] {
    var system = utsname()
    uname(&system)
    let release = withUnsafeBytes(of: &system.release) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return [
      kernel(release: release),
      cpus(
        online: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
        configured: Int(sysconf(Int32(_SC_NPROCESSORS_CONF)))),
      rseq(
        isRegistered: trace_rseq_is_registered(), passesSelfTest: trace_rseq_self_test(),
        tunables: OSPath.getenv("GLIBC_TUNABLES")),
      counter(
        isInvariant: trace_ticks_are_invariant(),
        clockSource: SystemFiles.text(
          "/sys/devices/system/clocksource/clocksource0/current_clocksource")),
      sharedMemory(),
    ]
  }

  /// The oldest kernel with membarrier for restartable sequences.
  static let barrierKernel = (5, 10)

  static func kernel(release: String) -> Finding {
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    guard numbers.count == 2 else {
      return Finding(.warn, "kernel", "Linux \(release), of an unknown version")
    }
    if (numbers[0], numbers[1]) >= barrierKernel {
      return Finding(.ok, "kernel", "Linux \(release)")
    }
    return Finding(
      .warn, "kernel", "Linux \(release): older than 5.10, events are written with locks",
      advice: "use Linux 5.10 or later for the fast path")
  }

  static func cpus(online: Int, configured: Int) -> Finding {
    let more = configured > online ? ", \(configured) configured" : ""
    return Finding(.ok, "processors", "\(online) online\(more): one ring for each in a buffer set")
  }

  static func rseq(isRegistered: Bool, passesSelfTest: Bool, tunables: String?) -> Finding {
    if isRegistered, passesSelfTest {
      return Finding(.ok, "rseq", "registered by the C library, self-test passed")
    }
    if isRegistered {
      return Finding(
        .warn, "rseq", "registered, but sections are not restarted: events are written with locks",
        advice: "upgrade the kernel; until then each event costs several times more")
    }
    let isOff = tunables?.contains("glibc.pthread.rseq=0") ?? false
    return Finding(
      .warn, "rseq", "not registered by the C library: events are written with locks",
      advice: isOff
        ? "unset GLIBC_TUNABLES, which disables it (glibc.pthread.rseq=0)"
        : "use glibc 2.35 or later; until then each event costs several times more")
  }

  static func counter(isInvariant: Bool, clockSource: String?) -> Finding {
    let source = clockSource.map { ", the kernel's clock source is \($0)" } ?? ""
    if !isInvariant {
      return Finding(
        .warn, "clock", "no invariant counter\(source): CLOCK_MONOTONIC is used, which costs more",
        advice: "in a virtual machine, let the host expose invtsc")
    }
    if let clockSource, ["hpet", "acpi_pm", "jiffies", "refined-jiffies"].contains(clockSource) {
      return Finding(
        .warn, "clock", "invariant counter, but the kernel does not use it\(source)",
        advice: "look for 'clocksource' in the kernel's log (dmesg)")
    }
    return Finding(.ok, "clock", "invariant counter\(source)")
  }

  static func sharedMemory() -> Finding {
    let descriptor = trace_memfd("tracectl-doctor")
    guard descriptor >= 0 else {
      return Finding(
        .fail, "shared memory", "memfd_create: \(String(cString: strerror(errno)))",
        advice: "allow memfd_create in this container's seccomp profile")
    }
    defer { close(descriptor) }
    guard ftruncate(descriptor, 4096) == 0, trace_memfd_seal(descriptor) == 0 else {
      return Finding(
        .fail, "shared memory", "a memfd cannot be sealed: \(String(cString: strerror(errno)))",
        advice: "allow F_ADD_SEALS in this container's seccomp profile")
    }
    return Finding(.ok, "shared memory", "memfd with seals")
  }
}
