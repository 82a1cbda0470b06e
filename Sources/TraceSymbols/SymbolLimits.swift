/// Limits on memory allocated for a file. Each is far above the values of real programs.
enum SymbolLimits {
  static let programHeaders = 4096
  static let sectionHeaders = 1 << 17
  /// The stride of a table's entries.
  static let entrySize = 1024
  static let sectionNameBytes = 16 << 20
  /// Size of one note segment or section.
  static let noteBytes = 1 << 20
  static let buildIDBytes = 64
  /// Symbol tables, relocation tables and stub sections read from one file. Linkers write one or
  /// two of each, but a header may list a hundred thousand at one place.
  static let symbolTables = 8
  static let relocationTables = 64
  static let procedureLinkageSections = 16
  /// Loaded segments of a file.
  static let loadedPieces = 256
  /// Symbols read from one table, including those that are not functions.
  static let symbols = 1 << 23
  static let functions = 1 << 22
  /// Size of all names of a table; Chromium with every symbol has a quarter of this.
  static let nameBytes = 512 << 20
  /// Size of one name; longer ones are truncated.
  static let nameLength = 16 << 10
  /// Relocations read for the names of PLT entries.
  static let relocations = 1 << 21
  static let procedureLinkageBytes = 16 << 20
  /// Size of `.gnu_debugdata` before and after decompression, and the memory of the decompressor.
  static let packedSymbolBytes = 64 << 20
  static let unpackedSymbolBytes = 256 << 20
  static let decompressionMemory: UInt64 = 128 << 20
  /// Bytes read from a file at a time.
  static let chunkBytes = 1 << 20
  /// Warnings kept for one file.
  static let warnings = 64
}
