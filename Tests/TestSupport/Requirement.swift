import Foundation
public import Testing

/// A feature of the machine that a test requires. Probes never run the product: a product that does
/// not work must fail its tests, not skip them.
public struct Requirement: Sendable {
  /// The required feature, as shown in the reason of a skipped test.
  public let name: String
  private let probe: @Sendable () -> Bool

  public init(_ name: String, _ probe: @escaping @Sendable () -> Bool) {
    self.name = name
    self.probe = probe
  }

  public var isMet: Bool { probe() }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test, with the reason, if the machine lacks one of these. Scripts/test fails if a
  /// test is skipped for a reason that is not listed in Scripts/allowed-skips.
  public static func needs(_ requirements: Requirement...) -> Self {
    let names = requirements.map(\.name).joined(separator: ", ")
    return .enabled(Comment(rawValue: "needs \(names)")) { requirements.allSatisfy(\.isMet) }
  }
}

extension Requirement {
  /// A program on PATH.
  public static func program(_ name: String) -> Requirement {
    Requirement(name) { path(of: name) != nil }
  }

  public static let root = Requirement("root") { geteuid() == 0 }

  /// The user may sample own processes: perf_event_open with a software clock.
  public static let kernelSamples = Requirement("perf_event_open") { maySample }

  /// Processes may have separate mount and pid namespaces.
  public static let namespaces = Requirement("mount and pid namespaces") { mayUnshare }

  /// A process may stop another one and read its registers.
  public static let ptrace = Requirement("ptrace") { mayTrace }

  /// The kernel runs signal handlers. The thread sanitizer instead runs them itself, later, so they
  /// neither interrupt code where the signal arrived nor see its registers and stack.
  public static let kernelSignalHandlers = Requirement("signal handlers that the kernel runs") {
    !hasThreadSanitizer
  }

  /// A program's anonymous mappings are its own. The thread sanitizer maps shadow memory for each
  /// address that the program uses for the first time, and keeps it.
  public static let ownAnonymousMaps = Requirement("anonymous mappings of the program alone") {
    !hasThreadSanitizer
  }

  /// Pipes of the program alone: with the thread sanitizer, a program that meets a suppressed
  /// race starts a symbolizer, and keeps two pipes to it.
  public static let ownPipes = Requirement("pipes of the program alone") { !hasThreadSanitizer }

  private static var hasThreadSanitizer: Bool { dlsym(nil, "__tsan_init") != nil }

  /// The kernel's tracepoints of switches and wake-ups may be used.
  public static let tracepoints = Requirement("the kernel's tracepoints") {
    geteuid() == 0
      && access("/sys/kernel/tracing/events/sched/sched_waking/id", R_OK) == 0
  }

  public static let x86 = Requirement("x86-64") {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }

  // Each probe runs once.
  private static let maySample = succeeds("python3", "-c", perfProbe)
  private static let mayUnshare = succeeds(
    "unshare",
    arguments: (geteuid() == 0 ? [] : ["--map-root-user"])
      + ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "true"])
  private static let mayTrace = succeeds("python3", "-c", ptraceProbe)

  /// The first 64 bytes of struct perf_event_attr: software, cpu-clock, every millisecond, with the
  /// address; disabled, without the kernel's part.
  private static let perfProbe = """
    import ctypes, platform, struct, sys
    number = {"x86_64": 298, "aarch64": 241}[platform.machine()]
    attribute = struct.pack("<IIQQQQQQQ", 1, 64, 0, 1000000, 1, 0, 0x21, 0, 0)
    sys.exit(ctypes.CDLL(None).syscall(number, attribute, 0, -1, -1, 0) < 0)
    """

  /// Attaches to a sleeping child with PTRACE_ATTACH (16).
  private static let ptraceProbe = """
    import ctypes, subprocess, sys
    child = subprocess.Popen(["sleep", "10"])
    refused = ctypes.CDLL(None).ptrace(16, child.pid, None, None) != 0
    child.kill()
    sys.exit(refused)
    """

  /// Runs a program without output; returns whether its exit code is 0.
  public static func succeeds(_ name: String, _ arguments: String...) -> Bool {
    succeeds(name, arguments: arguments)
  }

  private static func succeeds(_ name: String, arguments: [String]) -> Bool {
    (try? ChildProcess(name, arguments).wait()) == 0
  }

  private static func path(of name: String) -> String? {
    let directories = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return directories.split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
