internal import TraceEvents

extension TraceFile {
  /// The functions that the session named, by image in the file's order. An image written in parts
  /// is merged. Damaged blocks are omitted and listed.
  ///
  /// - Cost: the blocks of symbols are read once, on first use. Memory is bounded.
  public var symbols: [ImageSymbols] {
    let blocks = index.symbolBlocks
    for position in blocks.dropFirst(symbolStore.blocksTaken) {
      loadSymbols(index.blocks[position])
    }
    symbolStore.blocksTaken = blocks.count
    return symbolStore.images
  }

  private func loadSymbols(_ entry: BlockEntry) {
    guard let header = try? readBlock(entry) else { return }
    do throws(FormatError) {
      try take(header, into: &symbolStore)
    } catch {
      note(error, header, at: entry.offset)
    }
  }

  /// Decodes the most recently read block of symbols and adds its content.
  func take(_ header: BlockHeader, into store: inout SymbolStore) throws(FormatError) {
    var imageCount = 0
    let images = try table(reader.payload) { (reader) throws(ByteCodingError) in
      guard store.admits(bytes: reader.remaining) else {
        throw reader.broken(.Z2, UInt64(reader.remaining))
      }
      return try [ImageSymbols](from: &reader, imageCount: &imageCount)
    }
    try expect(imageCount, header)
    guard store.add(images) else {
      throw .malformed(
        FormatViolation(.Z2, "more than \(FileLayout.functionsMax) images and functions"))
    }
  }
}

/// The symbols of the blocks read.
struct SymbolStore {
  private struct Key: Hashable {
    var kind: ImageKind
    var path: String
    var buildID: [UInt8]
  }

  private(set) var images: [ImageSymbols] = []
  private var positions: [Key: Int] = [:]
  private var functionCount = 0
  private var bytes = 0
  var blocksTaken = 0

  /// Whether a block with `added` bytes of content is still within the limit. If so, it is counted.
  mutating func admits(bytes added: Int) -> Bool {
    guard bytes + added <= FileLayout.symbolBytesMax else { return false }
    bytes += added
    return true
  }

  /// Adds images. Returns false, with nothing added, if they exceed the limit.
  mutating func add(_ added: [ImageSymbols]) -> Bool {
    // An image without functions takes memory, too.
    let count = added.reduce(0) { $0 + $1.functions.count + 1 }
    guard functionCount + count <= FileLayout.functionsMax else { return false }
    functionCount += count
    for image in added {
      let key = Key(kind: image.kind, path: image.path, buildID: image.buildID)
      if let known = positions[key] {
        images[known].functions.append(contentsOf: image.functions)
      } else {
        positions[key] = images.count
        images.append(image)
      }
    }
    return true
  }
}
