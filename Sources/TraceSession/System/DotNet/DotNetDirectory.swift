import CTraceShims
import Glibc
import TraceControl
public import TraceEvents
import TraceFormat

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
    let executable = ProcessIdentity.executable(of: pid) ?? ""
    let deadline_ns = trace_monotonic_ns() &+ answerLimit_ns
    switch socket.ask(.processInfo2, deadline_ns: deadline_ns) {
    case .ok(let payload): return Entry(pid: pid, executable: executable, payload: payload)
    // An older runtime does not know the question.
    case .refused: return Entry(pid: pid, executable: executable, assembly: "", version: "")
    case nil: return nil
    }
  }
}

extension DotNetDirectory.Entry {
  private static let textBytesMax = 256

  /// Reads what a runtime answers to the question what it is.
  init(pid: UInt32, executable: String, payload: [UInt8]) {
    // After the pid and a cookie: command line, system, processor, assembly, version.
    let texts = DiagnosticMessage.texts(payload, from: 24, count: 5)
    (self.pid, self.executable) = (pid, executable)
    (assembly, version) = (Self.short(texts[3]), Self.short(texts[4]))
  }

  /// A character can have any number of bytes.
  private static func short(_ text: String) -> String { text.cut(toBytes: textBytesMax) }
}
