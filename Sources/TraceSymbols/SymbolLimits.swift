/// What a file may make the reader allocate. Each is far above what real programs have.
enum SymbolLimits {
  static let programHeaders = 4096
  static let sectionHeaders = 1 << 17
  /// From one entry of a table to the next.
  static let entrySize = 1024
  static let sectionNameBytes = 16 << 20
  /// Of one note segment or section.
  static let noteBytes = 1 << 20
  static let buildIDBytes = 64
  /// Symbol tables, relocation tables and pieces of stubs read of one file: linkers write one or
  /// two of each, but a header can say that there are a hundred thousand, all at one place.
  static let symbolTables = 8
  static let relocationTables = 64
  static let procedureLinkageSections = 16
  /// Pieces of a file that are loaded.
  static let loadedPieces = 256
  /// Symbols read from one table, functions or not.
  static let symbols = 1 << 23
  static let functions = 1 << 22
  /// All names of a table; Chromium with every symbol has a quarter of this.
  static let nameBytes = 512 << 20
  /// Of one name: longer ones are cut.
  static let nameLength = 16 << 10
  /// Relocations looked at for the names of PLT entries.
  static let relocations = 1 << 21
  static let procedureLinkageBytes = 16 << 20
  /// `.gnu_debugdata`, before and after decompression, and what the decompressor may use itself.
  static let packedSymbolBytes = 64 << 20
  static let unpackedSymbolBytes = 256 << 20
  static let decompressionMemory: UInt64 = 128 << 20
  /// Read from a file at a time.
  static let chunkBytes = 1 << 20
  /// Warnings kept of one file.
  static let warnings = 64
}
