/// Limits on the work caused by debug information. Each is far above the values of real programs.
enum LineLimits {
  /// Size of all `.debug_` sections of a file, decompressed: libdw reads them completely.
  static let sectionBytes = 1 << 30
  /// Compilation units of a file.
  static let units = 1 << 18
  /// Address ranges of a file's units, or of one unit's functions or of one function's inlined
  /// calls.
  static let ranges = 1 << 20
  /// Entries read for one unit's functions, or for one function's inlined calls.
  static let entries = 1 << 23
  static let depth = 128
  /// Size of one unit's line program. libdw takes up to a hundred times that to decode it.
  static let lineProgramBytes: UInt64 = 16 << 20
  /// Number of ranges that begin before an address and are searched for one that contains it.
  static let overlaps = 64
  static let pathLength = 4096
  /// Decoded bytes kept for one file; beyond that, all are dropped.
  static let keptBytes = 256 << 20
  /// Answers kept for one file; beyond that, all are dropped.
  static let answers = 1 << 16
}
