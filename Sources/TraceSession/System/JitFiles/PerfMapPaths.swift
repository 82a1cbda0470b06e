import Glibc
import OSStrings

/// The possible paths of a process's perf map: in directories named by its environment, and in
/// `/tmp`.
///
/// Most runtimes write `/tmp/perf-PID.map` regardless of the environment. Others use the directory
/// for temporary files, and .NET has its own variable.
enum PerfMapPaths {
  /// In order of precedence for a runtime that supports several of them.
  private static let variables = [
    "DOTNET_PerfMapJitDumpPath", "COMPlus_PerfMapJitDumpPath", "TMPDIR",
  ]

  /// Maximum number of bytes read of an environment; later variables are not found.
  static let environmentBytesMax = 1 << 20

  /// The paths, without duplicates, in search order.
  ///
  /// - Parameter number: the process's pid in its own pid namespace.
  static func paths(number: UInt32, environment: some Collection<UInt8>) -> [String] {
    let values = directories(in: environment)
    var paths: [String] = []
    for directory in variables.compactMap({ values[$0] }) + ["/tmp"] {
      let path = "\(directory)/perf-\(number).map"
      if !paths.contains(path) { paths.append(path) }
    }
    return paths
  }

  /// The values that are absolute paths, without trailing slashes. As in getenv(3), the first of
  /// several definitions counts.
  private static func directories(in environment: some Collection<UInt8>) -> [String: String] {
    var values: [String: String] = [:]
    for entry in environment.split(separator: 0) {
      guard let sign = entry.firstIndex(of: UInt8(ascii: "=")),
        let name = variables.first(where: { entry[..<sign].elementsEqual($0.utf8) }),
        values[name] == nil
      else { continue }
      let value = entry[entry.index(after: sign)...]
      guard value.first == UInt8(ascii: "/"), value.count <= CodeFileLimits.pathBytes - 32 else {
        continue
      }
      let path = String(osBytes: value)
      values[name] = String(path.reversed().drop { $0 == "/" }.reversed())
    }
    return values
  }

  /// The process's environment when its program began; empty if this process may not read it.
  static func environment(of pid: UInt32) -> [UInt8] {
    OSPath.contents("/proc/\(pid)/environ", limit: environmentBytesMax) ?? []
  }
}
