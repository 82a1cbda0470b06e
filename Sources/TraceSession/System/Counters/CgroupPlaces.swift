import Glibc
import OSStrings

/// Where the machine's cgroup hierarchies are mounted.
struct CgroupPlaces {
  /// A mounted hierarchy.
  struct Place: Hashable {
    /// The directory, and the cgroup that it shows.
    var directory: String
    var root: String

    /// Returns the directory of a cgroup; nil if it is not below the mounted one.
    func directory(of path: String) -> String? {
      guard !path.split(separator: "/").contains("..") else { return nil }
      if root == "/" { return directory + (path == "/" ? "" : path) }
      if path == root { return directory }
      return path.hasPrefix(root + "/") ? directory + path.dropFirst(root.count) : nil
    }
  }

  private static let mountsBytesMax = 1 << 20

  /// By controller of version 1: `cpu`, `cpuacct`, `memory`.
  private(set) var controllers: [String: Place] = [:]
  /// The hierarchy of version 2.
  private(set) var unified: Place?

  /// Reads this process's mounts.
  init() {
    let bytes = OSPath.contents("/proc/self/mountinfo", limit: Self.mountsBytesMax) ?? []
    self.init(mounts: String(osBytes: bytes))
  }

  /// - Parameter mounts: the content of /proc/PID/mountinfo.
  init(mounts: String) {
    for line in mounts.split(separator: "\n") {
      let halves = line.split(separator: " - ", maxSplits: 1)
      let left = halves.first?.split(separator: " ") ?? []
      let right = halves.last?.split(separator: " ") ?? []
      guard halves.count == 2, left.count > 4, right.count > 2 else { continue }
      let place = Place(directory: Self.plain(left[4]), root: Self.plain(left[3]))
      if right[0] == "cgroup2", unified == nil {
        unified = place
      } else if right[0] == "cgroup" {
        for controller in right[2].split(separator: ",")
        where controllers[String(controller)] == nil { controllers[String(controller)] = place }
      }
    }
  }

  /// A path in which white space and `\` are written as octal numbers.
  private static func plain(_ text: Substring) -> String {
    guard text.contains("\\") else { return String(text) }
    return String(text).replacing("\\040", with: " ").replacing("\\011", with: "\t")
      .replacing("\\012", with: "\n").replacing("\\134", with: "\\")
  }

  /// The cgroups of a process by controller, from the lines of /proc/PID/cgroup such as
  /// `4:cpu,cpuacct:/app`; that of version 2 has the key "".
  static func paths(_ text: inout CounterText) -> [String: String] {
    var paths: [String: String] = [:]
    text.forEachLine { line in
      guard paths.count < pathsMax, line.number() != nil else { return }
      line.skipByte()
      let controllers = String(osBytes: line.word(endingAt: UInt8(ascii: ":")))
      line.skipByte()
      let path = String(osBytes: line.word(endingAt: UInt8(ascii: "\n")))
      for controller in controllers.split(separator: ",", omittingEmptySubsequences: false) {
        paths[String(controller)] = path
      }
    }
    return paths
  }

  private static let pathsMax = 64
}
