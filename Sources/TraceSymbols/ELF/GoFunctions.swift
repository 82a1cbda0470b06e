extension ELFSymbolReader {
  private static let goTableNames = [".gopclntab", ".data.rel.ro.gopclntab"]

  /// The functions of a Go program, from the table that its runtime uses for tracebacks. `strip`
  /// and the linker's `-s -w` do not remove it.
  mutating func addGoFunctions() {
    guard let section = image.sections.first(where: { Self.goTableNames.contains($0.name) }),
      section.kind != ELFSection.Kind.noContents
    else { return }
    let bytes = image.contents(of: section, limit: SymbolLimits.unpackedSymbolBytes)
    // A program linked by the C linker begins with code other than Go's.
    let isGoAlone = image.section(named: ".init") == nil
    let text = isGoAlone ? image.section(named: ".text")?.address : nil
    guard let table = GoFunctionTable(bytes, words: image.header.words, textAddress: text) else {
      return warn(.value(section.name))
    }
    let addressing = addressing
    add(from: StringTable(table.names)) { base in
      (0..<table.count).compactMap { index in
        guard let function = table[index],
          let place = addressing.code(at: function.start, size: function.size),
          !function.name.addingReportingOverflow(base).overflow
        else { return nil }
        return SymbolCandidate(
          start: place.start, size: UInt32(clamping: place.size), name: function.name + base,
          rank: SymbolCandidate.Rank.isFunction)
      }
    }
  }
}

/// Go's table of functions (`runtime.pclntab`), in the formats since Go 1.2.
struct GoFunctionTable {
  /// The first word of each format, by the release that introduced it.
  private enum Form: UInt32 {
    case go1_2 = 0xffff_fffb
    case go1_16 = 0xffff_fffa
    case go1_18 = 0xffff_fff0
    case go1_20 = 0xffff_fff1

    /// Whether functions' positions are relative to the start of the code, in four bytes.
    var isRelative: Bool { self == .go1_18 || self == .go1_20 }
  }

  private let bytes: [UInt8]
  private let words: ELFWords
  private let form: Form
  private let textStart: UInt64
  /// The start of the pairs of a function's position and its record.
  private let pairs: Int
  let count: Int
  private let namesStart: Int

  /// Nil if the format is unknown or parts are outside the table.
  init?(_ bytes: [UInt8], words: ELFWords, textAddress: UInt64?) {
    guard bytes.count >= 8, bytes[7] == words.nativeSize,
      let form = Form(rawValue: bytes.withUnsafeBytes { words.word($0, 0) })
    else { return nil }
    let size = words.nativeSize
    func field(_ number: Int) -> UInt64? {
      let offset = 8 + number * size
      guard offset + size <= bytes.count else { return nil }
      return bytes.withUnsafeBytes { words.native($0, offset) }
    }
    // Count, (files, then since 1.18 the code's start,) names, …, pairs.
    let places: (text: Int?, names: Int?, pairs: Int?) =
      switch form {
      case .go1_2: (nil, nil, nil)
      case .go1_16: (nil, 2, 6)
      case .go1_18, .go1_20: (2, 3, 7)
      }
    guard let count = field(0).flatMap(Int.init(exactly:)), count <= SymbolLimits.functions,
      let names = places.names.map({ field($0).flatMap(Int.init(exactly:)) }) ?? 0,
      let pairs = places.pairs.map({ field($0).flatMap(Int.init(exactly:)) }) ?? (8 + size),
      names <= bytes.count, pairs <= bytes.count,
      (count + 1) * (form.isRelative ? 8 : 2 * size) <= bytes.count - pairs + size
    else { return nil }
    // Position-independent programs have the start filled in at load time.
    let start = places.text.flatMap(field).flatMap { $0 == 0 ? textAddress : $0 }
    guard !form.isRelative || start != nil else { return nil }
    self.bytes = bytes
    self.words = words
    self.form = form
    textStart = start ?? 0
    self.pairs = pairs
    self.count = count
    namesStart = names
  }

  /// The string table of the functions' names.
  var names: [UInt8] { Array(bytes[namesStart...]) }

  /// A function by index, in the order of positions; nil if it is damaged.
  subscript(index: Int) -> (start: UInt64, size: UInt64, name: UInt32)? {
    let half = form.isRelative ? 4 : words.nativeSize
    guard let start = number(at: pairs + index * 2 * half, half),
      let end = number(at: pairs + (index + 1) * 2 * half, half), end > start,
      let record = number(at: pairs + index * 2 * half + half, half).flatMap(Int.init(exactly:))
    else { return nil }
    // Record offsets are relative to the start of the pairs or, in the oldest format, of the table.
    let (base, overflow) = record.addingReportingOverflow(form == .go1_2 ? 0 : pairs)
    guard !overflow, base < bytes.count, let name = number(at: base + half, 4),
      name < UInt64(bytes.count - namesStart)
    else { return nil }
    let place = form.isRelative ? textStart &+ start : start
    return (place, end - start, UInt32(truncatingIfNeeded: name))
  }

  private func number(at offset: Int, _ size: Int) -> UInt64? {
    guard offset >= 0, offset <= bytes.count - size else { return nil }
    return bytes.withUnsafeBytes {
      size == 4 ? UInt64(words.word($0, offset)) : words.double($0, offset)
    }
  }
}
