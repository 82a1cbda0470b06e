/// What debug information may make the reader do. Each is far above what real programs have.
enum LineLimits {
  /// All `.debug_` sections of a file, decompressed: libdw reads them whole.
  static let sectionBytes = 1 << 30
  /// Compilation units of a file.
  static let units = 1 << 18
  /// Address ranges of a file's units, or of one unit's functions or of one function's inlined
  /// calls.
  static let ranges = 1 << 20
  /// Entries looked at for one unit's functions, or for one function's inlined calls.
  static let entries = 1 << 23
  static let depth = 128
  /// One unit's line program: libdw takes up to a hundred times that to decode it.
  static let lineProgramBytes: UInt64 = 16 << 20
  /// How many ranges that begin before an address are looked at for one that holds it.
  static let overlaps = 64
  static let pathLength = 4096
  /// Decoded bytes kept of one file; then all is forgotten.
  static let keptBytes = 256 << 20
  /// Answers kept of one file; then all are forgotten.
  static let answers = 1 << 16
}
