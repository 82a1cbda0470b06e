internal import Glibc

/// Parses `/proc/kallsyms` incrementally: lines of an address, a letter, a name and optionally a
/// module.
///
///     ffffffff810000c0 T __startup_64
///     ffffffffc0a01000 t nf_hook	[nf_tables]
struct KernelSymbolParser {
  /// The kernel's names have at most 512 bytes; longer lines are not symbols.
  private static let lineLength = 1024
  /// The maximum size of a function that has no successor in the list.
  private static let functionBytes: UInt64 = 256 << 10

  private let newline = CInt(UInt8(ascii: "\n"))
  private var builder = SymbolTableBuilder()
  private var names: [UInt8] = []
  private var rest: [UInt8] = []
  private var warnings = WarningList()
  private var functionCount = 0
  private var hasAddress = false
  private(set) var isFull = false

  init() {}

  /// Parses the next bytes, split anywhere.
  mutating func feed(_ bytes: some RandomAccessCollection<UInt8>) {
    rest.append(contentsOf: bytes)
    let consumed = rest.withUnsafeBufferPointer { buffer in
      var position = 0
      while position < buffer.count,
        let end = memchr(buffer.baseAddress! + position, newline, buffer.count - position)
      {
        let start = buffer.baseAddress! + position
        let length = end - UnsafeMutableRawPointer(mutating: start)
        line(UnsafeBufferPointer(start: start, count: length))
        position += length + 1
      }
      return position
    }
    rest.removeFirst(consumed)
    if rest.count > Self.lineLength {
      warnings.add(.value("a line of the kernel's symbols"))
      rest = []
    }
  }

  consuming func finish() throws(KernelSymbolProblem) -> KernelSymbols {
    if !rest.isEmpty { feed([UInt8(ascii: "\n")]) }
    guard functionCount > 0 else { throw .noSymbols }
    guard hasAddress else { throw .hidden }
    builder.names = StringTable(names)
    builder.unknownSizeMax = Self.functionBytes
    builder.codeEnds = [.max]
    return KernelSymbols(table: builder.build(), warnings: warnings.warnings)
  }

  private mutating func line(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard !isFull, let (address, letter, name) = fields(bytes) else { return }
    let isGlobal = letter == UInt8(ascii: "T")
    let isWeak = letter == UInt8(ascii: "W") || letter == UInt8(ascii: "w")
    guard isGlobal || isWeak || letter == UInt8(ascii: "t") else { return }
    functionCount += 1
    if address == 0 { return }
    hasAddress = true
    guard functionCount < SymbolLimits.functions, names.count < SymbolLimits.nameBytes else {
      warnings.add(.tooMany("the kernel", limit: SymbolLimits.functions))
      isFull = true
      return
    }
    var rank = SymbolCandidate.Rank.isFunction
    if !isWeak { rank |= SymbolCandidate.Rank.isStrong }
    if isGlobal { rank |= SymbolCandidate.Rank.isGlobal }
    builder.candidates.append(
      SymbolCandidate(start: address, size: 0, name: UInt32(names.count), rank: rank))
    let start = names.count
    names.append(contentsOf: name)
    names.append(0)
    // A tab precedes the module's name.
    if let end = name.last, end == UInt8(ascii: "]"),
      let tab = names[start...].firstIndex(of: UInt8(ascii: "\t"))
    {
      names[tab] = UInt8(ascii: " ")
    }
  }

  private func fields(
    _ line: UnsafeBufferPointer<UInt8>
  ) -> (address: UInt64, letter: UInt8, name: UnsafeBufferPointer<UInt8>)? {
    var address: UInt64 = 0
    var position = 0
    while position < line.count, let digit = line[position].hexadecimalValue {
      guard position < 16 else { return nil }
      address = address << 4 | UInt64(digit)
      position += 1
    }
    let space = UInt8(ascii: " ")
    guard position > 0, position + 3 < line.count, line.count <= Self.lineLength,
      line[position] == space, line[position + 2] == space
    else { return nil }
    return (address, line[position + 1], UnsafeBufferPointer(rebasing: line[(position + 3)...]))
  }
}
