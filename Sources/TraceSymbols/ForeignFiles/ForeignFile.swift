internal import CTraceShims
internal import Glibc
internal import OSStrings

/// Files whose paths another process chooses, or could change what they lead to: perf maps and
/// jitdump files, images, debug files, all below `/proc/PID/root`. Every such file is opened here.
///
/// - Guarantee: only a regular file that those named may read; opening never waits. A session of
///   root's thus tells a user nothing that the user could not read. Files of /proc and /sys, whose
///   contents depend on who reads, are refused.
/// - Cost: a dozen system calls more where the rights are another user's.
public enum ForeignFile {
  /// How a file's name is taken.
  public struct Name: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Paths and links begin at the directory that is given, and nothing leads out of it.
    public static let inRoot = Name(rawValue: Int32(trace_foreign_in_root))
    /// The last part is neither a link nor a place where something is mounted.
    public static let plain = Name(rawValue: Int32(trace_foreign_plain_name))
    static let ownLookup = Name(rawValue: Int32(trace_foreign_own_lookup))
    static let readable = Name(rawValue: Int32(trace_foreign_readable))
  }

  /// A descriptor, or -errno: ENXIO where it is no regular file.
  ///
  /// A path below `/proc/PID` is looked for in that process's root directory.
  public static func open(_ path: String, as access: FileAccess = .own) -> Int32 {
    guard let (number, rest) = processPath(path) else {
      return Self.open(path, below: AT_FDCWD, as: access)
    }
    guard let process = ProcessDirectory(number) else { return -ENOENT }
    var access = access
    if access == .own {
      guard let rights = process.rights else { return -ENOENT }
      access = .rights(rights)
    }
    guard rest.hasPrefix("root/") else {
      return Self.open(path, below: AT_FDCWD, as: access, .ownLookup)
    }
    return process.withRoot { root in
      guard root >= 0 else { return -errno }
      return Self.open(String(rest.dropFirst(4)), below: root, as: access, .inRoot)
    }
  }

  /// Opens a path below a directory.
  public static func open(
    _ path: String, below directory: Int32, as access: FileAccess, _ name: Name = []
  ) -> Int32 {
    path.withOSString { path in
      switch access {
      case .own: trace_open_foreign(directory, path, nil, name.rawValue)
      case .ended: trace_open_foreign(directory, path, nil, name.union(.readable).rawValue)
      case .rights(let rights):
        rights.groups.withUnsafeBufferPointer { groups in
          var theirs = trace_rights(
            user: rights.user, group: rights.group, groups: groups.baseAddress,
            group_count: Int32(groups.count))
          return trace_open_foreign(directory, path, &theirs, name.rawValue)
        }
      }
    }
  }

  /// The process and the rest of a path below `/proc/PID`; nil for other paths, and for those below
  /// the caller's own, `/proc/self`.
  private static func processPath(_ path: String) -> (UInt32, Substring)? {
    guard path.hasPrefix("/proc/") else { return nil }
    let parts = path.dropFirst(6).split(
      separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let number = UInt32(parts[0]) else { return nil }
    return (number, parts[1])
  }
}
