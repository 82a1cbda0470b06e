internal import CTraceShims
internal import Glibc
internal import OSStrings

/// Opens files whose paths another process chooses or can redirect: perf maps, jitdump files,
/// images, debug files, and everything below `/proc/PID/root`. All such files are opened here.
///
/// - Guarantee: opens only regular files that the given user may read, and never blocks. A session
///   of root therefore shows users nothing that they could not read. Files of /proc and /sys, whose
///   contents depend on the reader, are refused.
/// - Cost: a dozen additional system calls if the rights are another user's.
public enum ForeignFile {
  /// How a file's path is resolved.
  public struct Name: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Paths and links are resolved inside the given directory and cannot leave it.
    public static let inRoot = Name(rawValue: Int32(trace_foreign_in_root))
    /// The last component must be neither a symbolic link nor a mount point.
    public static let plain = Name(rawValue: Int32(trace_foreign_plain_name))
    static let ownLookup = Name(rawValue: Int32(trace_foreign_own_lookup))
    static let readable = Name(rawValue: Int32(trace_foreign_readable))
  }

  /// Returns a descriptor, or -errno; ENXIO if it is not a regular file.
  ///
  /// A path below `/proc/PID` is resolved in that process's root directory.
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

  /// The process and the rest of a path below `/proc/PID`; nil for other paths, and for paths below
  /// the caller's `/proc/self`.
  private static func processPath(_ path: String) -> (UInt32, Substring)? {
    guard path.hasPrefix("/proc/") else { return nil }
    let parts = path.dropFirst(6).split(
      separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let number = UInt32(parts[0]) else { return nil }
    return (number, parts[1])
  }
}
