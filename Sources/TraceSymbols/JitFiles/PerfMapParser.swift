internal import OSStrings

import Glibc

/// Parses a perf map (`/tmp/perf-PID.map`), finished or growing: lines `START SIZE name` with
/// hexadecimal numbers, in all variants that runtimes write.
///
///     var parser = PerfMapParser()
///     parser.parse(bytes) { entry in … }  // in the file's order; of several the last counts
///     parser.end { entry in … }
///
/// - Guarantee: accepts any bytes, split anywhere. Lines that are not entries are skipped with a
///   warning.
/// - Cost: keeps at most one line.
public struct PerfMapParser: Sendable {
  /// Maximum length of a line; a longer one is truncated, and its entry has the beginning of its
  /// name.
  static let lineBytesMax = 16 << 10
  /// Maximum size of an entry's code. A larger entry is not a function, and would give its name to
  /// all images within it.
  static let codeBytesMax: UInt64 = 1 << 30

  /// Number of bytes of the file parsed so far.
  public private(set) var position: UInt64
  private var found = JitFileWarnings()
  /// The beginning of an incomplete line.
  private var started: [UInt8] = []
  private var isOverlong = false
  private var lineStart: UInt64

  /// - Parameter start: the offset in the file of the first line to parse.
  public init(startingAt start: UInt64 = 0) {
    position = start
    lineStart = start
  }

  /// The problems of the file so far, one entry for each kind.
  public var warnings: [JitFileWarning] { found.all }

  /// Parses the next bytes of the file.
  public mutating func parse(_ bytes: UnsafeRawBufferPointer, _ body: (PerfMapEntry) -> Void) {
    var start = 0
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) {
      let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      if started.isEmpty {
        read(line, body)
      } else {
        keep(line)
        finishStarted(body)
      }
      start = end + 1
      isOverlong = false
      lineStart = position &+ UInt64(start)
    }
    if start < bytes.count { keep(UnsafeRawBufferPointer(rebasing: bytes[start...])) }
    position &+= UInt64(bytes.count)
  }

  /// Ends the file. A last line without a line feed is used as it is.
  public mutating func end(_ body: (PerfMapEntry) -> Void) {
    guard !started.isEmpty else { return }
    found.note(.tornLastLine, at: lineStart)
    finishStarted(body)
  }

  private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
    let room = Self.lineBytesMax - started.count
    started.append(contentsOf: bytes.prefix(max(0, room)))
    if bytes.count > room, !isOverlong {
      isOverlong = true
      found.note(.longNames, at: lineStart)
    }
  }

  private mutating func finishStarted(_ body: (PerfMapEntry) -> Void) {
    let line = started
    started.removeAll(keepingCapacity: true)
    line.withUnsafeBytes { read($0, body) }
  }

  // MARK: A line

  private mutating func read(_ whole: UnsafeRawBufferPointer, _ body: (PerfMapEntry) -> Void) {
    var line = whole
    if line.count > Self.lineBytesMax {
      found.note(.longNames, at: lineStart)
      line = UnsafeRawBufferPointer(rebasing: line.prefix(Self.lineBytesMax))
    }
    var cursor = 0
    Self.skipBlanks(line, &cursor)
    var end = line.count
    while end > cursor, line[end - 1] == UInt8(ascii: "\r") || Self.isBlank(line[end - 1]) {
      end -= 1
    }
    guard cursor < end else { return }
    guard let address = Self.number(line, &cursor, end), let size = Self.number(line, &cursor, end),
      cursor < end, !address.addingReportingOverflow(size).overflow
    else {
      found.note(.unreadableEntries, at: lineStart)
      return
    }
    guard size > 0 else {
      found.note(.emptyCode, at: lineStart)
      return
    }
    guard size <= Self.codeBytesMax else {
      found.note(.nonsense, at: lineStart)
      return
    }
    let name = String(osBytes: UnsafeRawBufferPointer(rebasing: line[cursor..<end]))
    body(PerfMapEntry(address: address, size: size, name: name))
  }

  /// A hexadecimal number followed by at least one blank.
  private static func number(
    _ line: UnsafeRawBufferPointer, _ cursor: inout Int, _ end: Int
  ) -> UInt64? {
    if cursor + 1 < end, line[cursor] == UInt8(ascii: "0"), line[cursor + 1] | 0x20 == 0x78 {
      cursor += 2
    }
    let start = cursor
    var value: UInt64 = 0
    while cursor < end, let digit = digit(line[cursor]) {
      guard value >> 60 == 0 else { return nil }
      value = value << 4 | digit
      cursor += 1
    }
    guard cursor > start, cursor < end, isBlank(line[cursor]) else { return nil }
    skipBlanks(line, &cursor)
    return value
  }

  private static func digit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte - 0x30)
    case 0x41...0x46: UInt64(byte - 0x37)
    case 0x61...0x66: UInt64(byte - 0x57)
    default: nil
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static func skipBlanks(_ line: UnsafeRawBufferPointer, _ cursor: inout Int) {
    while cursor < line.count, isBlank(line[cursor]) { cursor += 1 }
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    guard start < count, let hit = memchr(baseAddress! + start, Int32(byte), count - start) else {
      return nil
    }
    return UnsafeRawPointer(hit) - baseAddress!
  }
}
