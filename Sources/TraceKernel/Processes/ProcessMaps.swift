package import OSStrings
package import TraceEvents

/// One line of /proc/PID/maps.
public struct ProcessMap: Hashable, Sendable {
  public var start: UInt64
  /// The first address after the mapping; greater than `start`.
  public var end: UInt64
  public var isReadable: Bool
  public var isWritable: Bool
  public var isExecutable: Bool
  public var isShared: Bool
  /// File offset of the first mapped byte.
  public var fileOffset: UInt64
  /// The device in the form of st_dev; 0 without a file.
  public var device: UInt64
  /// The inode; 0 without a file.
  public var inode: UInt64
  /// The path without the kernel's mark for a deleted file; empty for memory without a name; in
  /// brackets for other memory (`[vdso]`, `[heap]`).
  public var path: String
  /// Whether the file was deleted; another file may be at the path.
  public var isDeleted: Bool

  public init(
    start: UInt64, end: UInt64, isReadable: Bool = true, isWritable: Bool = false,
    isExecutable: Bool, isShared: Bool = false, fileOffset: UInt64, device: UInt64, inode: UInt64,
    path: String, isDeleted: Bool = false
  ) {
    self.start = start
    self.end = end
    self.isReadable = isReadable
    self.isWritable = isWritable
    self.isExecutable = isExecutable
    self.isShared = isShared
    self.fileOffset = fileOffset
    self.device = device
    self.inode = inode
    self.path = path
    self.isDeleted = isDeleted
  }

  public var size: UInt64 { end &- start }
  public var isFile: Bool { inode != 0 }

  /// The name, which determines the kind of memory.
  package var name: MappedName { MappedName(path: path, isDeleted: isDeleted) }

  /// Whether this is code of a file, the vDSO, or the mapping that announces a runtime's jitdump.
  /// The runtime's own memory is not included, because its names come only from its announcements.
  package var isCode: Bool {
    let kind = name.kind
    return isExecutable && (isFile || kind == .vdso) || kind.isJitdump
  }

  /// The mapping as an event, without a build id; the path has the form of the kernel's records.
  package var image: ImageMap {
    ImageMap(
      baseAddress: start, size: size, fileOffset: fileOffset, path: name.shown, buildID: [],
      device: device, inode: inode)
  }
}

/// A parser of /proc/PID/maps.
public enum ProcessMaps {
  /// Maximum number of maps read for one process: 65,530 is the kernel's limit unless it was
  /// raised.
  public static let mapsMax = 262_144
  /// Maximum length of a line: two numbers, flags, and a path of at most PATH_MAX bytes, each of
  /// which the kernel may write as four.
  package static let lineBytesMax = 4 * 4096 + 128

  /// Parses a complete text in the format of /proc/PID/maps.
  public static func parse(_ text: some Sequence<UInt8>) -> [ProcessMap] {
    Array(text).split(separator: UInt8(ascii: "\n")).prefix(mapsMax).compactMap { parse(line: $0) }
  }

  /// Parses a line; nil if it does not have the kernel's format.
  package static func parse(line: ArraySlice<UInt8>) -> ProcessMap? {
    var line = LineScanner(rest: line)
    guard let start = line.hexadecimal(), line.skip("-"), let end = line.hexadecimal(), end > start,
      line.skip(" "), let flags = line.word(), flags.count == 4,
      line.skip(" "), let offset = line.hexadecimal(),
      line.skip(" "), let major = line.hexadecimal(), line.skip(":"),
      let minor = line.hexadecimal(), line.skip(" "), let inode = line.decimal(),
      let majorNumber = UInt32(exactly: major), let minorNumber = UInt32(exactly: minor)
    else { return nil }
    let flag = Array(flags)
    line.skipSpaces()
    let shown = String(osBytes: Self.unescaped(line.rest))
    // Memory may have any name (PR_SET_VMA_ANON_NAME).
    let name = inode == 0 ? MappedName(path: shown, isDeleted: false) : MappedName(shown: shown)
    return ProcessMap(
      start: start, end: end, isReadable: flag[0] == UInt8(ascii: "r"),
      isWritable: flag[1] == UInt8(ascii: "w"), isExecutable: flag[2] == UInt8(ascii: "x"),
      isShared: flag[3] == UInt8(ascii: "s"), fileOffset: offset,
      device: device(major: majorNumber, minor: minorNumber), inode: inode,
      path: name.path, isDeleted: name.isDeleted)
  }

  /// Returns a device number in the form of st_dev (glibc's makedev, which is a macro).
  public static func device(major: UInt32, minor: UInt32) -> UInt64 {
    let (major, minor) = (UInt64(major), UInt64(minor))
    return (major & 0xfff) << 8 | (major & 0xffff_f000) << 32 | minor & 0xff
      | (minor & 0xffff_ff00) << 12
  }

  /// Decodes `\012`, which the kernel writes for a line break in a path; it escapes no other
  /// characters.
  private static func unescaped(_ path: ArraySlice<UInt8>) -> [UInt8] {
    let mark = Array(#"\012"#.utf8)
    guard path.contains(mark[0]) else { return Array(path) }
    var result: [UInt8] = []
    var rest = path
    while let byte = rest.first {
      if rest.starts(with: mark) {
        result.append(UInt8(ascii: "\n"))
        rest = rest.dropFirst(mark.count)
      } else {
        result.append(byte)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}

/// Scans a line from its start.
private struct LineScanner {
  var rest: ArraySlice<UInt8>

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func skipSpaces() { rest = rest.drop { $0 == UInt8(ascii: " ") } }

  mutating func word() -> ArraySlice<UInt8>? {
    let word = rest.prefix { $0 != UInt8(ascii: " ") }
    rest = rest.dropFirst(word.count)
    return word.isEmpty ? nil : word
  }

  mutating func hexadecimal() -> UInt64? { number(radix: 16) }
  mutating func decimal() -> UInt64? { number(radix: 10) }

  private mutating func number(radix: UInt64) -> UInt64? {
    var value: UInt64 = 0
    var count = 0
    while let byte = rest.first, let digit = Self.digit(byte), digit < radix {
      let (product, overflows) = value.multipliedReportingOverflow(by: radix)
      let (sum, carries) = product.addingReportingOverflow(digit)
      if overflows || carries { return nil }
      value = sum
      count += 1
      rest = rest.dropFirst()
    }
    return count > 0 ? value : nil
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    default: nil
    }
  }
}
