import CTraceShims
import Glibc
import TraceControl
public import TraceEvents

/// Lists the running .NET processes, without tracing them.
public enum DotNetDirectory {
  /// A process that has a .NET runtime.
  public struct Entry: Hashable, Sendable {
    public var pid: UInt32
    public var executable: String
    /// The name of the program's assembly; empty before .NET 6.
    public var assembly: String
    /// The runtime's version, such as `8.0.4`; empty before .NET 6.
    public var version: String

    /// The runtime and the program: `.NET 8.0.4, app`.
    public var runtime: String {
      let name = version.isEmpty ? ".NET" : ".NET \(version.prefix { $0 != "+" && $0 != " " })"
      return assembly.isEmpty ? name : "\(name), \(assembly)"
    }
  }

  /// The provider that each runtime has, with the names of its keywords.
  public static let provider = DotNetKeywords.schema(DotNetSelection.runtime)

  /// Whether a name is that of a provider of the runtime itself.
  public static func isRuntime(_ name: String) -> Bool {
    [
      DotNetSelection.runtime, DotNetSelection.rundown, "Microsoft-Windows-DotNETRuntimePrivate",
      "Microsoft-DotNETCore-SampleProfiler", "System.Runtime",
    ].contains { StackSpec.isSame($0, name) }
  }

  private static let answerLimit_ns: UInt64 = 500_000_000
  private static let entriesMax = 1024

  /// Asks each runtime of this user, or as root of all, that has a socket in the usual directories.
  /// Of `pids`, those in containers are found, too.
  ///
  /// - Cost: a millisecond for each runtime; half a second for one that does not answer.
  public static func collect(pids: Set<UInt32> = []) -> [Entry] {
    var names = DotNetNames()
    let known = pids.isEmpty ? names.look() : pids
    let own = known.sorted().filter { pid in
      ProcFiles.user(of: pid).map { $0 == geteuid() || geteuid() == 0 } ?? false
    }
    return own.prefix(entriesMax).compactMap(entry)
  }

  private static func entry(_ pid: UInt32) -> Entry? {
    guard let socket = DotNetFinder.connect(pid) else { return nil }
    var entry = Entry(
      pid: pid, executable: ProcessIdentity.executable(of: pid) ?? "", assembly: "", version: "")
    let deadline_ns = trace_monotonic_ns() &+ answerLimit_ns
    switch socket.ask(.processInfo2, deadline_ns: deadline_ns) {
    case .ok(let payload):
      // After the pid and a cookie: command line, system, processor, assembly, version.
      let texts = DiagnosticMessage.texts(payload, from: 24, count: 5)
      (entry.assembly, entry.version) = (short(texts[3]), short(texts[4]))
      return entry
    // An older runtime does not know the question.
    case .refused: return entry
    case nil: return nil
    }
  }

  private static let textMax = 256

  private static func short(_ text: String) -> String { String(text.prefix(textMax)) }
}
