/// Reads any bytes as a perf map in several ways that must agree, for the fuzzer and for the test
/// of its corpus.
@_spi(Fuzzing) public enum PerfMapProbe {
  /// - Returns: the number of entries read.
  public static func read(_ bytes: UnsafeRawBufferPointer) -> Int {
    var random = ProbeRandom(bytes)
    let whole = reading(bytes) { .max }
    let cut = reading(bytes) { random.next(in: 1...40) }
    precondition(whole.entries == cut.entries, "where it is cut makes a difference")
    precondition(whole.warnings == cut.warnings, "where it is cut changes the warnings")
    var lines = 1
    for byte in bytes where byte == UInt8(ascii: "\n") { lines += 1 }
    precondition(whole.entries.count <= lines, "more entries than lines")
    for entry in whole.entries {
      precondition(entry.size > 0 && !entry.name.isEmpty, "an entry of nothing")
      precondition(entry.size <= PerfMapParser.codeBytesMax, "a name for all memory")
      precondition(!entry.address.addingReportingOverflow(entry.size).overflow, "beyond memory")
      // Each byte that is no UTF-8 becomes a sign of three.
      precondition(entry.name.utf8.count <= 4 * PerfMapParser.lineBytesMax, "an endless name")
    }
    return whole.entries.count
  }

  private static func reading(
    _ bytes: UnsafeRawBufferPointer, chunk: () -> Int
  ) -> (entries: [PerfMapEntry], warnings: [JitFileWarning]) {
    var parser = PerfMapParser()
    var entries: [PerfMapEntry] = []
    var start = 0
    while start < bytes.count {
      let count = min(chunk(), bytes.count - start)
      parser.parse(UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])) {
        entries.append($0)
      }
      start += count
    }
    parser.end { entries.append($0) }
    precondition(parser.position == UInt64(bytes.count), "bytes are lost")
    return (entries, parser.warnings)
  }
}
