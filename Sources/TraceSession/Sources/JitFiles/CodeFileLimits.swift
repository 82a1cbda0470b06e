/// How much is read of files that other processes write, and how much is kept of it.
enum CodeFileLimits {
  /// Processes that are followed at a time.
  static let processes = 4096
  /// Files and directories that are open at a time.
  static let openFiles = 256
  /// Jitdump files of one process.
  static let dumpsPerProcess = 8
  /// Read of one file before the others have their turn.
  static let roundBytes = 8 << 20
  /// Of a file, in a row, without anything in it that announces code; it is given up then.
  static let wasteBytes: UInt64 = 32 << 20
  /// Pieces of code in one session.
  static let entries: UInt64 = 8_000_000
  /// Bytes of names and source lines in one session.
  static let textBytes: UInt64 = 1 << 30
  /// What is longer is cut.
  static let nameBytes = 4096
  static let pathBytes = 4096
  /// Source lines of one piece of code; what follows is left out.
  static let rows = 4096
  static let rowBytes = 256 << 10
  /// Records of one jitdump whose process is not known (yet).
  static let unclaimedRecords = 1024
  /// How long what is left in the files of running processes is read when the session ends.
  static let stop_ns: UInt64 = 1_000_000_000
  /// How long a jitdump is read to its end when one of its processes ends.
  static let leave_ns: UInt64 = 1_000_000_000
  /// Looks into what a file's last record left unfinished.
  static let endLooks = 10_000
  /// Sentences about files that are kept.
  static let problems = 32
  /// What waits to be told to the thread that reads.
  static let notices = 65_536
}
