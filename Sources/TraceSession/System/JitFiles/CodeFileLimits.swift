/// Limits on reading files that other processes write, and on the data kept of them.
enum CodeFileLimits {
  /// Processes followed at a time.
  static let processes = 4096
  /// Files and directories open at a time.
  static let openFiles = 256
  /// Jitdump files of one process.
  static let dumpsPerProcess = 8
  /// Bytes read from one file per round.
  static let roundBytes = 8 << 20
  /// Consecutive bytes of a file that announce no code; beyond that, reading stops.
  static let wasteBytes: UInt64 = 32 << 20
  /// Code entries in one session.
  static let entries: UInt64 = 8_000_000
  /// Bytes of names and source lines in one session.
  static let textBytes: UInt64 = 1 << 30
  /// Maximum size of a name; longer names are truncated.
  static let nameBytes = 4096
  static let pathBytes = 4096
  /// Source lines of one code entry; further ones are left out.
  static let rows = 4096
  static let rowBytes = 256 << 10
  /// Records of one jitdump whose process is not known yet.
  static let unclaimedRecords = 1024
  /// Maximum time of reading the files of running processes when the session ends.
  static let stop_ns: UInt64 = 1_000_000_000
  /// Maximum time of reading a jitdump to its end when one of its processes ends.
  static let leave_ns: UInt64 = 1_000_000_000
  /// Maximum number of attempts to read the remains of a torn record at a file's end.
  static let endLooks = 10_000
  /// Notes about files.
  static let problems = 32
  /// Notices waiting for the reading thread.
  static let notices = 65_536
}
