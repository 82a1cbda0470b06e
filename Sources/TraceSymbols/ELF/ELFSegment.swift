/// A program header: a part of the file and its load addresses.
public struct ELFSegment: Hashable, Sendable {
  /// The type, such as `PT_LOAD`.
  public enum Kind {
    public static let load: UInt32 = 1
    public static let dynamic: UInt32 = 2
    /// The path of the dynamic loader.
    public static let interpreter: UInt32 = 3
    public static let note: UInt32 = 4
    /// `.eh_frame_hdr`.
    public static let unwindIndex: UInt32 = 0x6474_e550
  }

  public let kind: UInt32
  /// Bit 0: executable, 1: writable, 2: readable.
  public let flags: UInt32
  public let fileOffset: UInt64
  public let address: UInt64
  public let fileSize: UInt64
  public let memorySize: UInt64

  public var isExecutable: Bool { flags & 1 != 0 }

  init(_ bytes: UnsafeRawBufferPointer, _ words: ELFWords) {
    let wide = words.is64Bit
    kind = words.word(bytes, 0)
    flags = words.word(bytes, wide ? 4 : 24)
    fileOffset = words.native(bytes, wide ? 8 : 4)
    address = words.native(bytes, wide ? 16 : 8)
    fileSize = words.native(bytes, wide ? 32 : 16)
    memorySize = words.native(bytes, wide ? 40 : 20)
  }
}

/// A section header: a named part of the file.
public struct ELFSection: Hashable, Sendable {
  /// The type, such as `SHT_PROGBITS`.
  public enum Kind {
    public static let contents: UInt32 = 1
    public static let symbols: UInt32 = 2
    public static let strings: UInt32 = 3
    public static let addendRelocations: UInt32 = 4
    public static let note: UInt32 = 7
    /// The section takes no space in the file.
    public static let noContents: UInt32 = 8
    public static let relocations: UInt32 = 9
    public static let dynamicSymbols: UInt32 = 11
  }

  public let kind: UInt32
  public let flags: UInt64
  public let address: UInt64
  public let fileOffset: UInt64
  public let size: UInt64
  /// The index of another section; its meaning depends on the type.
  public let link: UInt32
  public let auxiliary: UInt32
  public let entrySize: UInt64
  public internal(set) var name: String = ""
  let nameOffset: UInt32

  public var isExecutable: Bool { flags & 4 != 0 }
  public var isCompressed: Bool { flags & 0x800 != 0 }

  init(_ bytes: UnsafeRawBufferPointer, _ words: ELFWords) {
    let wide = words.is64Bit
    nameOffset = words.word(bytes, 0)
    kind = words.word(bytes, 4)
    flags = words.native(bytes, 8)
    address = words.native(bytes, wide ? 16 : 12)
    fileOffset = words.native(bytes, wide ? 24 : 16)
    size = words.native(bytes, wide ? 32 : 20)
    link = words.word(bytes, wide ? 40 : 24)
    auxiliary = words.word(bytes, wide ? 44 : 28)
    entrySize = words.native(bytes, wide ? 56 : 36)
  }
}
