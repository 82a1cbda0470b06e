import CTraceShims
import Glibc
import OSStrings
import TraceControl
import TraceSymbols

/// Where a process lives: whose it is, its numbers, and what it sees as the root directory, which
/// may be a container's.
final class ProcessPlace {
  let pid: UInt32
  /// Those who run it.
  let users: Set<UInt32>
  /// What it could read when it was last there.
  private var rights: FileRights?
  /// Its pid, from this process's namespace to its own.
  let numbers: [UInt32]
  /// Whether its root directory was found: otherwise this process's own is looked in.
  let isKnown: Bool
  /// When it began, CLOCK_REALTIME; nil when that is not known.
  let startNanoseconds: Int64?
  /// When it began, CLOCK_MONOTONIC, at the earliest; nil when that is not known.
  let startMonotonic: UInt64?
  /// How much its CLOCK_MONOTONIC is ahead of this process's.
  let monotonicOffset: Int64
  /// A directory, to open files below.
  let root: Int32
  private let ownsRoot: Bool

  /// O_PATH, which glibc has for GNU programs only.
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

  /// Whether it lives in another root directory than this process; such a place has a descriptor.
  var isElsewhere: Bool { ownsRoot }

  /// Its number in its own pid namespace.
  var ownNumber: UInt32 { numbers.last ?? pid }

  /// Opens a file as the process names it.
  func open(_ path: String) throws(FollowedFile.Refusal) -> FollowedFile {
    // Of a process that has ended before it was looked at, nothing is known: our own files only.
    let owners = users.isEmpty ? [geteuid()] : users
    // As they are now: a program may have given up rights since it began.
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

  /// Nil where it is this process's own.
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

  /// The lines `Uid:` and `NSpid:` of /proc/PID/status.
  static func parse(status: String) -> (users: Set<UInt32>, numbers: [UInt32]) {
    (Set(ProcStatus.numbers("Uid:", in: status)), ProcStatus.numbers("NSpid:", in: status))
  }

  private static let ownMonotonicOffset = monotonicOffset(of: "self")

  /// Of its time namespace.
  private static func monotonicOffset(of process: String) -> Int64 {
    let bytes = OSPath.contents("/proc/\(process)/timens_offsets", limit: 512) ?? []
    return parse(offsets: String(decoding: bytes, as: UTF8.self))
  }

  /// The line `monotonic SECONDS NANOSECONDS` of /proc/PID/timens_offsets.
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
