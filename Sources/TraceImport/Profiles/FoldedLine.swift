/// A line of folded stacks: the frames, outermost first, and their count.
struct FoldedLine {
  /// The frames with the semicolons between them.
  var frames: UnsafeRawBufferPointer
  var count: UInt64
  /// Whether the count had a fraction, which is left out.
  var isRounded = false

  /// Nil if the line has no frames or no count behind them.
  init?(_ line: UnsafeRawBufferPointer) {
    var end = line.count
    while end > 0, line[end - 1] == 0x0d || line[end - 1] == 0x20 { end -= 1 }
    let bytes = line[..<end]
    guard let space = bytes.lastIndex(of: 0x20) else { return nil }
    var digits = bytes[(space + 1)...]
    if let dot = digits.firstIndex(of: UInt8(ascii: ".")) {
      let fraction = digits[(dot + 1)...]
      guard fraction.allSatisfy(Self.isDigit) else { return nil }
      isRounded = fraction.contains { $0 != 0x30 }
      digits = digits[..<dot]
    }
    guard !digits.isEmpty else { return nil }
    var value: UInt64 = 0
    for byte in digits {
      guard Self.isDigit(byte) else { return nil }
      let (shifted, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isMore) = shifted.addingReportingOverflow(UInt64(byte - 0x30))
      value = isTooLarge || isMore ? .max : sum
    }
    frames = UnsafeRawBufferPointer(rebasing: bytes[..<space])
    count = value
    guard frames.contains(where: { $0 != 0x20 && $0 != UInt8(ascii: ";") }) else { return nil }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Whether a line is empty or a comment.
  static func isNothing(_ line: UnsafeRawBufferPointer) -> Bool {
    line.first == UInt8(ascii: "#") || line.allSatisfy { $0 == 0x20 || $0 == 0x0d }
  }
}

/// The lines of a source.
struct FoldedLines {
  private let source: ImportSource
  private static let partBytes = 1 << 18

  init(_ source: ImportSource) { self.source = source }

  /// Calls `body` with each line without its end; nil for one that is too long.
  func read(_ body: (UnsafeRawBufferPointer?) -> Void) {
    var rest: [UInt8] = []
    var isTooLong = false
    var offset: UInt64 = 0
    while true {
      let part = source.bytes(at: offset, count: UInt64(Self.partBytes), limit: Self.partBytes)
      if part.isEmpty { break }
      offset += UInt64(part.count)
      part.withUnsafeBytes { part in
        var start = 0
        while let end = part[start...].firstIndex(of: 0x0a) {
          if isTooLong || rest.count + end - start > FoldedImporter.lineBytesMax {
            body(nil)
          } else if rest.isEmpty {
            body(UnsafeRawBufferPointer(rebasing: part[start..<end]))
          } else {
            rest += part[start..<end]
            rest.withUnsafeBytes(body)
          }
          (rest, isTooLong) = ([], false)
          start = end + 1
        }
        if !isTooLong { rest += part[start...] }
        if rest.count > FoldedImporter.lineBytesMax { (rest, isTooLong) = ([], true) }
      }
    }
    if isTooLong { body(nil) } else if !rest.isEmpty { rest.withUnsafeBytes(body) }
  }
}
