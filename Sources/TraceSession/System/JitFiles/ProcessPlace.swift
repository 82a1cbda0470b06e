import CTraceShims
import Glibc
import OSStrings
import TraceControl
import TraceSymbols

/// The environment of a process: its users, its pids, and its root directory, which may be a
/// container's.
final class ProcessPlace {
  let pid: UInt32
  /// The users that it runs as.
  let users: Set<UInt32>
  /// Its rights when it was last checked.
  private var rights: FileRights?
  /// Its pids, from this process's namespace to its own.
  let numbers: [UInt32]
  /// Whether its status could be read.
  let isKnown: Bool
  /// Start time (CLOCK_REALTIME); nil if not known.
  let startNanoseconds: Int64?
  /// Earliest possible start time (CLOCK_MONOTONIC); nil if not known.
  let startMonotonic: UInt64?
  /// The offset of its CLOCK_MONOTONIC from this process's.
  let monotonicOffset: Int64
  /// Its root directory, to open files in.
  let root: Int32
  private let ownsRoot: Bool

  /// O_PATH, which glibc defines only with _GNU_SOURCE.
  private static let pathOnly: Int32 = 0o1000_0000
  private static let ownRoot = openDirectory("/")
  private static let ownNamespace = OSPath.readlink("/proc/self/ns/mnt")

  init(pid: UInt32) {
    self.pid = pid
    let status = Self.status(pid)
    users = status.users
    rights = FileRights(processID: pid)
    numbers = status.numbers.isEmpty ? [pid] : status.numbers
    let other = Self.otherRoot(of: pid)
    root = other ?? Self.ownRoot
    ownsRoot = other != nil
    isKnown = !status.numbers.isEmpty
    let start = Self.start(of: pid)
    startNanoseconds = start?.realtime
    startMonotonic = start?.monotonic
    monotonicOffset = Self.monotonicOffset(of: "\(pid)") &- Self.ownMonotonicOffset
  }

  deinit { if ownsRoot { close(root) } }

  /// Whether its root directory differs from this process's; the root then has a descriptor.
  var isElsewhere: Bool { ownsRoot }

  /// Its pid in its own pid namespace.
  var ownNumber: UInt32 { numbers.last ?? pid }

  /// Opens a file by the path that the process uses.
  func open(_ path: String) throws(FollowedFile.Refusal) -> FollowedFile {
    // Nothing is known about a process that ended before it was inspected; only this user's files
    // are opened then.
    let owners = users.isEmpty ? [geteuid()] : users
    // The current rights: a program may have given up rights since it began.
    if let now = FileRights(processID: pid) { rights = now }
    let access = rights.map { FileAccess.rights($0) } ?? .own
    guard !path.hasPrefix("/") else {
      return try FollowedFile(path, below: root, access: access, owners: owners)
    }
    let directory = Self.openDirectory("/proc/\(pid)/cwd")
    guard directory >= 0 else { throw .absent }
    defer { close(directory) }
    return try FollowedFile(path, below: directory, access: access, owners: owners)
  }

  // MARK: /proc

  /// The root directory of a process; nil if it is this process's own.
  private static func otherRoot(of pid: UInt32) -> Int32? {
    let namespace = OSPath.readlink("/proc/\(pid)/ns/mnt")
    let directory = openDirectory("/proc/\(pid)/root")
    guard directory >= 0 else { return nil }
    var theirs = stat()
    var ours = stat()
    let isSame =
      namespace == ownNamespace && fstat(directory, &theirs) == 0 && fstat(ownRoot, &ours) == 0
      && theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino
    guard isSame else { return directory }
    close(directory)
    return nil
  }

  private static func openDirectory(_ path: String) -> Int32 {
    OSPath.open(path, pathOnly | O_DIRECTORY | O_CLOEXEC)
  }

  private static func status(_ pid: UInt32) -> (users: Set<UInt32>, numbers: [UInt32]) {
    let bytes = OSPath.contents("/proc/\(pid)/status", limit: 8192) ?? []
    return parse(status: String(decoding: bytes, as: UTF8.self))
  }

  /// Parses the lines `Uid:` and `NSpid:` of /proc/PID/status.
  static func parse(status: String) -> (users: Set<UInt32>, numbers: [UInt32]) {
    (Set(ProcStatus.numbers("Uid:", in: status)), ProcStatus.numbers("NSpid:", in: status))
  }

  private static let ownMonotonicOffset = monotonicOffset(of: "self")

  /// The offset of its time namespace.
  private static func monotonicOffset(of process: String) -> Int64 {
    let bytes = OSPath.contents("/proc/\(process)/timens_offsets", limit: 512) ?? []
    return parse(offsets: String(decoding: bytes, as: UTF8.self))
  }

  /// Parses the line `monotonic SECONDS NANOSECONDS` of /proc/PID/timens_offsets.
  static func parse(offsets: String) -> Int64 {
    for line in offsets.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == "monotonic", let seconds = Int64(words[1]),
        let nanoseconds = Int64(words[2])
      else { continue }
      return seconds &* 1_000_000_000 &+ nanoseconds
    }
    return 0
  }

  private static func start(of pid: UInt32) -> (realtime: Int64, monotonic: UInt64)? {
    let ticks = ProcessIdentity(procName: "\(pid)").startTime
    guard ticks > 0 else { return nil }
    let started = Int64(clamping: ticks) &* (1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK))))
    let age = Int64(clamping: trace_clock_ns(CLOCK_BOOTTIME)) &- started
    let monotonic = max(0, Int64(clamping: trace_monotonic_ns()) &- age)
    return (Int64(clamping: trace_realtime_ns()) &- age, UInt64(monotonic))
  }
}
