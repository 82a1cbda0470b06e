import Glibc

/// The symbols of an image according to binutils, and the names that they imply for an address.
/// Independent of this project: the mapping of file offsets to addresses also comes from readelf.
struct SymbolOracle {
  struct Symbol: Hashable {
    var start: UInt64
    /// 0 if the file has no size.
    var size: UInt64
    var name: String
    var isIndirect: Bool

    var last: UInt64 { size == 0 ? start : start + size - 1 }
  }

  /// Loaded code: its addresses, and their difference from the file offsets.
  private struct Segment {
    var addresses: Range<UInt64>
    var bias: UInt64
  }

  /// Functions, and labels without a type, in order of their starts.
  let symbols: [Symbol]
  /// Address ranges of code sections.
  let sections: [Range<UInt64>]
  private let segments: [Segment]
  /// The greatest end of all symbols up to each symbol, which limits the backward search.
  private let reach: [UInt64]

  /// Uses the debug file's symbols if there is one. Nil without readelf.
  init?(_ path: String, debug: String?) {
    guard let segments = Tool.lines("readelf", ["-lW", path], Self.segment),
      let sections = Tool.lines("readelf", ["-SW", path], Self.section),
      let listed = Tool.lines("readelf", ["-sW", debug ?? path], Self.symbol)
    else { return nil }
    self.segments = segments
    self.sections = sections
    symbols = listed.filter { symbol in segments.contains { $0.addresses ~= symbol.start } }
      .sorted { $0.start < $1.start }
    var furthest: UInt64 = 0
    reach = symbols.map { symbol in
      furthest = max(furthest, symbol.start + symbol.size)
      return furthest
    }
  }

  /// `LOAD 0x026000 0x0000000000026000 0x0000000000026000 0x155000 0x155000 R E 0x1000`
  private static func segment(_ words: [String]) -> Segment? {
    guard words.count >= 8, words[0] == "LOAD", words[6].contains("E") || words[7] == "E",
      let offset = number(words[1]), let address = number(words[2]), let size = number(words[4])
    else { return nil }
    return Segment(addresses: address..<address + size, bias: address &- offset)
  }

  /// `[15] .text PROGBITS 0000000000026380 026380 1542fd 00 AX 0 0 64`; "[ 5]" is two words.
  private static func section(_ words: [String]) -> Range<UInt64>? {
    guard let kind = words.firstIndex(of: "PROGBITS"), words.count > kind + 5,
      words[kind + 5].contains("X"), let address = UInt64(words[kind + 1], radix: 16),
      let size = UInt64(words[kind + 3], radix: 16), size > 0
    else { return nil }
    return address..<address + size
  }

  /// `10: 0000000000026380 42 FUNC GLOBAL DEFAULT 15 name@@VERSION (2)`
  private static func symbol(_ words: [String]) -> Symbol? {
    guard words.count >= 8, ["FUNC", "IFUNC", "NOTYPE"].contains(words[3]),
      words[6] != "UND", words[6] != "ABS", let start = UInt64(words[1], radix: 16),
      let size = number(words[2])
    else { return nil }
    // Marks of the assembler: "$x" (start of code), ".L5".
    if words[3] == "NOTYPE", words[7].hasPrefix("$") || words[7].hasPrefix(".L") { return nil }
    // The name without the version.
    let name = Substring(words[7].utf8.prefix { $0 != UInt8(ascii: "@") })
    return Symbol(
      start: start, size: size, name: String(name), isIndirect: words[3] == "IFUNC")
  }

  private static func number(_ text: String) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
  }

  /// Nil if no code is loaded at the address.
  func fileOffset(of address: UInt64) -> UInt64? {
    segments.first { $0.addresses ~= address }.map { address &- $0.bias }
  }

  /// The symbols whose ranges contain the address.
  func covering(_ address: UInt64) -> [Symbol] {
    var found: [Symbol] = []
    var index = countNotAbove(address) - 1
    while index >= 0, reach[index] > address {
      if address - symbols[index].start < symbols[index].size { found.append(symbols[index]) }
      index -= 1
    }
    return found
  }

  /// The nearest symbols before the address, if they have no size.
  func labels(before address: UInt64) -> [Symbol] {
    let end = countNotAbove(address)
    guard end > 0 else { return [] }
    let nearest = symbols[..<end].reversed().prefix { $0.start == symbols[end - 1].start }
    return nearest.allSatisfy { $0.size == 0 } ? Array(nearest) : []
  }

  private func countNotAbove(_ address: UInt64) -> Int {
    var low = 0
    var high = symbols.count
    while low < high {
      let middle = (low + high) / 2
      if symbols[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// `0000000000026360 <malloc@plt>:`: objdump's names for stubs; nil without objdump. The part
  /// before the first stub has a name relative to it, "malloc@plt-0x10".
  static func stubs(_ path: String) -> [(address: UInt64, name: String)]? {
    let sections = [".plt", ".plt.sec", ".plt.got"].flatMap { ["-j", $0] }
    return Tool.lines("objdump", ["-d", "--no-show-raw-insn"] + sections + [path]) { words in
      guard words.count == 2, words[1].hasSuffix("@plt>:"),
        let address = UInt64(words[0], radix: 16)
      else { return nil }
      return (address, String(words[1].dropFirst().dropLast(2)))
    }
  }
}

extension Tool {
  /// Maps the words of each output line; nil if the program is not installed.
  static func lines<Element>(
    _ name: String, _ arguments: [String], _ make: ([String]) -> Element?
  ) -> [Element]? {
    guard let text = output(name, arguments), let copy = strdup(text) else { return nil }
    defer { free(copy) }
    // Unlike `split`, fast without optimization, too: there are hundreds of thousands of lines.
    return words(copy, "\n").compactMap { make(words($0, " ").map { String(cString: $0) }) }
  }

  private static func words(
    _ text: UnsafeMutablePointer<CChar>, _ separator: String
  ) -> [UnsafeMutablePointer<CChar>] {
    var found: [UnsafeMutablePointer<CChar>] = []
    var rest: UnsafeMutablePointer<CChar>?
    var next = strtok_r(text, separator, &rest)
    while let word = next {
      found.append(word)
      next = strtok_r(nil, separator, &rest)
    }
    return found
  }
}
