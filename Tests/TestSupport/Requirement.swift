import Foundation
public import Testing

/// Something that a test needs of the machine. Probes never run the product: a product that cannot
/// do what it should must fail its tests, not skip them.
public struct Requirement: Sendable {
  /// What is needed, as the reason of a skipped test names it.
  public let name: String
  private let probe: @Sendable () -> Bool

  public init(_ name: String, _ probe: @escaping @Sendable () -> Bool) {
    self.name = name
    self.probe = probe
  }

  public var isMet: Bool { probe() }
}

extension Trait where Self == ConditionTrait {
  /// Skips the test, with the reason, where the machine lacks one of these. Scripts/test fails when
  /// a test is skipped for a reason that Scripts/allowed-skips does not list.
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

  /// The kernel lets this user sample its own processes: perf_event_open with a software clock.
  public static let kernelSamples = Requirement("perf_event_open") { maySample }

  /// A process may be given a mount and a pid namespace of its own.
  public static let namespaces = Requirement("mount and pid namespaces") { mayUnshare }

  /// One process may stop another and read its registers.
  public static let ptrace = Requirement("ptrace") { mayTrace }

  public static let x86 = Requirement("x86-64") {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }

  // Each is tried once.
  private static let maySample = succeeds("python3", "-c", perfProbe)
  private static let mayUnshare = succeeds(
    "unshare",
    arguments: (geteuid() == 0 ? [] : ["--map-root-user"])
      + ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "true"])
  private static let mayTrace = succeeds("python3", "-c", ptraceProbe)

  /// The first 64 bytes of struct perf_event_attr: software, cpu-clock, each millisecond, with the
  /// address; disabled, without the kernel's part.
  private static let perfProbe = """
    import ctypes, platform, struct, sys
    number = {"x86_64": 298, "aarch64": 241}[platform.machine()]
    attribute = struct.pack("<IIQQQQQQQ", 1, 64, 0, 1000000, 1, 0, 0x21, 0, 0)
    sys.exit(ctypes.CDLL(None).syscall(number, attribute, 0, -1, -1, 0) < 0)
    """

  /// PTRACE_ATTACH (16) to a child that sleeps.
  private static let ptraceProbe = """
    import ctypes, subprocess, sys
    child = subprocess.Popen(["sleep", "10"])
    refused = ctypes.CDLL(None).ptrace(16, child.pid, None, None) != 0
    child.kill()
    sys.exit(refused)
    """

  /// Runs a program without output; whether it ends with 0.
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
