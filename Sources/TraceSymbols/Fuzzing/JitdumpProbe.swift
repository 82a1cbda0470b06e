/// Reads any bytes as a jitdump in several ways that must agree, for the fuzzer, which is a
/// separate package, and for the test of its corpus.
@_spi(Fuzzing) public enum JitdumpProbe {
  /// - Returns: the number of records read.
  public static func read(_ bytes: UnsafeRawBufferPointer) -> Int {
    var random = ProbeRandom(bytes)
    let whole = Reading(bytes) { 1 << 16 }
    // Occasionally a large window, so that a long name is not read byte by byte.
    let cut = Reading(bytes) { random.next(in: 1...(random.next(in: 0...15) == 0 ? 30_000 : 300)) }
    precondition(whole.isSame(as: cut), "windows make a difference")
    // The parser runs repeatedly while the file grows.
    let sizes = (0..<8).map { _ in random.next(in: 0...bytes.count) }.sorted()
    let grown = Reading(bytes, sizes: sizes) { random.next(in: 1...5000) }
    precondition(whole.isSame(as: grown), "growing makes a difference")
    return whole.records.count
  }

  private struct Reading {
    var records: [JitdumpRecord] = []
    var warnings: [JitFileWarning] = []
    var header: JitdumpHeader?
    private var parser = JitdumpParser()
    private var calls = 0
    private var returns = 0

    init(_ bytes: UnsafeRawBufferPointer, sizes: [Int] = [], window: () -> Int) {
      for size in sizes { read(UnsafeRawBufferPointer(rebasing: bytes[..<size]), window) }
      read(bytes, window)
      while parser.end(atSize: UInt64(bytes.count)) { read(bytes, window) }
      warnings = parser.warnings
      header = parser.header
      precondition(returns <= JitdumpParser.rewindsMax, "it goes back without end")
      precondition(warnings.count <= JitdumpProbe.warningsMax, "more warnings than kinds")
      // Records begin at different bytes; lines are delivered with loads.
      precondition(records.count <= 2 * bytes.count, "more records than bytes")
    }

    func isSame(as other: Self) -> Bool {
      records == other.records && warnings == other.warnings && header == other.header
    }

    private mutating func read(_ file: UnsafeRawBufferPointer, _ window: () -> Int) {
      while !parser.isRefused, parser.position <= UInt64(file.count) {
        let start = Int(parser.position)
        let wanted = parser.wanted
        let count = min(max(wanted, window()), file.count - start)
        guard count >= wanted else { return }
        let part = UnsafeRawBufferPointer(rebasing: file[start..<start + count])
        parser.parse(part) { records.append($0) }
        if parser.position < UInt64(start) { returns += 1 }
        // A parser that neither needs more bytes nor advances would loop forever.
        precondition(
          parser.isRefused || parser.position != UInt64(start) || parser.wanted > wanted,
          "no progress at byte \(start)")
        precondition(parser.wanted <= Int(JitdumpParser.tableBytesMax), "too large a window")
        calls += 1
        precondition(calls <= 4 * (file.count + 4096), "too many steps")
      }
    }
  }

  /// Kinds with an associated number may occur once for each number that a header has.
  private static let warningsMax = 24
}
