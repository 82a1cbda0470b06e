/// The dynamic symbols of an image without section headers, found as the loader does.
extension ELFSymbolReader {
  private enum Tag {
    static let hash: UInt64 = 4
    static let strings: UInt64 = 5
    static let symbols: UInt64 = 6
    static let stringBytes: UInt64 = 10
    static let gnuHash: UInt64 = 0x6fff_fef5
  }

  mutating func readDynamicSegment() {
    guard let dynamic = image.segments.first(where: { $0.kind == ELFSegment.Kind.dynamic })
    else { return }
    let values = dynamicValues(image.contents(of: dynamic, limit: SymbolLimits.noteBytes))
    guard let symbols = values[Tag.symbols].flatMap(fileOffset),
      let strings = values[Tag.strings].flatMap(fileOffset)
    else { return }
    let stringBytes = min(values[Tag.stringBytes] ?? 0, UInt64(SymbolLimits.nameBytes))
    let names = StringTable(image.source.read(at: strings, count: Int(stringBytes)))
    let count =
      values[Tag.hash].flatMap(fileOffset).flatMap(chainCount)
      ?? values[Tag.gnuHash].flatMap(fileOffset).flatMap(hashedCount) ?? 0
    let size = UInt64(image.header.words.symbolSize)
    let table = SymbolSection(
      name: "the dynamic symbol table", fileOffset: symbols, size: UInt64(count) * size,
      entrySize: size)
    read(image, table, names: names)
  }

  private func dynamicValues(_ bytes: [UInt8]) -> [UInt64: UInt64] {
    let words = image.header.words
    return bytes.withUnsafeBytes { raw in
      var values: [UInt64: UInt64] = [:]
      for offset in stride(
        from: 0, through: raw.count - 2 * words.nativeSize, by: 2 * words.nativeSize)
      {
        let tag = words.native(raw, offset)
        if tag == 0 { break }
        if tag == Tag.gnuHash || tag <= Tag.stringBytes {
          values[tag] = words.native(raw, offset + words.nativeSize)
        }
      }
      return values
    }
  }

  private func fileOffset(_ address: UInt64) -> UInt64? { addressing.fileOffset(of: address) }

  /// The DT_HASH table has a chain entry for each symbol.
  private func chainCount(at offset: UInt64) -> Int? {
    let bytes = image.source.read(at: offset, count: 8)
    guard bytes.count == 8 else { return nil }
    return bytes.withUnsafeBytes { Int(image.header.words.word($0, 4)) }
  }

  /// The DT_GNU_HASH table has hashes in the order of the symbols; the last of a chain is marked.
  private func hashedCount(at offset: UInt64) -> Int? {
    let words = image.header.words
    let head = image.source.read(at: offset, count: 16)
    guard head.count == 16 else { return nil }
    let (bucketCount, firstSymbol, bloomCount) = head.withUnsafeBytes {
      (words.word($0, 0), words.word($0, 4), words.word($0, 8))
    }
    let buckets = offset + 16 + UInt64(bloomCount) * UInt64(words.nativeSize)
    let bytes = image.source.read(
      at: buckets, count: Int(min(UInt64(bucketCount) * 4, UInt64(SymbolLimits.noteBytes) * 16)))
    let last = bytes.withUnsafeBytes { raw in
      (0..<(raw.count / 4)).map { words.word(raw, $0 * 4) }.max() ?? 0
    }
    guard last >= firstSymbol else { return Int(firstSymbol) }
    var chain = buckets + UInt64(bucketCount) * 4 + UInt64(last - firstSymbol) * 4
    var count = Int(last) + 1
    // A chain ends within a few entries; the search in a damaged one is bounded.
    for _ in 0..<4096 {
      let entry = image.source.read(at: chain, count: 4)
      guard entry.count == 4, entry.withUnsafeBytes({ words.word($0, 0) }) & 1 == 0 else { break }
      chain += 4
      count += 1
    }
    return count
  }
}
