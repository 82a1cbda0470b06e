import Glibc
import OSStrings

/// Where a process may write its perf map: the directories that its environment names, and `/tmp`.
///
/// Most runtimes write `/tmp/perf-PID.map` whatever the environment says. Others use the directory
/// for temporary files, and .NET has a variable of its own.
enum PerfMapPaths {
  /// The value that counts for a runtime that knows several comes first.
  private static let variables = [
    "DOTNET_PerfMapJitDumpPath", "COMPlus_PerfMapJitDumpPath", "TMPDIR",
  ]

  /// What is read of an environment; the variables that lie behind it are not found.
  static let environmentBytesMax = 1 << 20

  /// The paths, without repetitions, in the order in which to look for them.
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

  /// The values that are absolute paths, without slashes at their ends. As in getenv(3), the first
  /// of several counts.
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

  /// The bytes that the process's environment had when its program began; empty when this process
  /// may not read them.
  static func environment(of pid: UInt32) -> [UInt8] {
    OSPath.contents("/proc/\(pid)/environ", limit: environmentBytesMax) ?? []
  }
}
