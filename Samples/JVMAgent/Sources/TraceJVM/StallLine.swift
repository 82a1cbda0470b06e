/// A line of ZGC's log about a stall, with the decorations `timenanos` and `tid`:
///
///     [50818129582139ns][11863] Allocation Stall (main) 32.533ms
struct StallLine: Equatable {
  /// CLOCK_MONOTONIC at the end of the stall.
  var until: UInt64
  var thread: UInt32
  var name: String
  /// Duration, with a resolution of one microsecond.
  var duration_ns: UInt64

  /// Parses a line; nil if it does not report a stall.
  init?(_ line: some StringProtocol) {
    guard let timeEnd = line.range(of: "ns][", from: line.startIndex), line.first == "[",
      let until = UInt64(line[line.index(after: line.startIndex)..<timeEnd.lowerBound]),
      let threadEnd = line[timeEnd.upperBound...].firstIndex(of: "]"),
      let thread = UInt32(line[timeEnd.upperBound..<threadEnd])
    else { return nil }
    let text = line[line.index(after: threadEnd)...].drop { $0 == " " }
    let opening = "Allocation Stall ("
    // The name may contain any characters, including parentheses.
    guard text.hasPrefix(opening), text.hasSuffix("ms"),
      let nameEnd = text.lastIndex(of: ")"), let duration = Self.nanoseconds(text[nameEnd...])
    else { return nil }
    self.until = until
    self.thread = thread
    name = String(text.dropFirst(opening.count).prefix(upTo: nameEnd))
    duration_ns = duration
  }

  /// Parses a duration such as ") 32.533ms".
  private static func nanoseconds(_ text: some StringProtocol) -> UInt64? {
    let number = text.dropFirst().dropLast(2).drop { $0 == " " }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].utf8.count == 3, let whole = UInt64(parts[0]),
      let thousandths = UInt64(parts[1]), whole < 1 << 40
    else { return nil }
    return (whole * 1000 + thousandths) * 1000
  }
}

extension StringProtocol {
  fileprivate func range(of part: String, from start: Index) -> Range<Index>? {
    var index = start
    while index < endIndex {
      if self[index...].hasPrefix(part) {
        return index..<self.index(index, offsetBy: part.count)
      }
      index = self.index(after: index)
    }
    return nil
  }
}
