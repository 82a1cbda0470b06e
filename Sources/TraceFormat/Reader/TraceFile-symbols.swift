internal import TraceEvents

extension TraceFile {
  /// The functions that the session wrote names for, image by image in the file's order; an image
  /// that was told in parts is put together. What is damaged is left out, and listed.
  ///
  /// - Cost: the blocks of symbols are read once, at the first use. Memory is bounded.
  public var symbols: [ImageSymbols] {
    let blocks = index.symbolBlocks
    for position in blocks.dropFirst(symbolStore.blocksTaken) {
      loadSymbols(index.blocks[position])
    }
    symbolStore.blocksTaken = blocks.count
    return symbolStore.images
  }

  private func loadSymbols(_ entry: BlockEntry) {
    do throws(FormatError) {
      guard try readBlock(entry) != nil else { return }
      let images = try table(reader.payload) { (reader) throws(ByteCodingError) in
        guard symbolStore.admits(bytes: reader.remaining) else {
          throw reader.error(.tooLong(limit: FileLayout.symbolBytesMax))
        }
        return try [ImageSymbols](from: &reader)
      }
      guard symbolStore.add(images) else {
        throw .malformed(
          FormatViolation(
            what: "more than \(FileLayout.functionsMax) images and functions", offset: 0))
      }
    } catch {
      note("symbols: \(error)", entry.offset, payloadBytes: entry.payloadBytes)
    }
  }
}

/// The symbols of the blocks that were read.
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

  /// Whether a block with so much content is still within the limit; if so, it counts.
  mutating func admits(bytes added: Int) -> Bool {
    guard bytes + added <= FileLayout.symbolBytesMax else { return false }
    bytes += added
    return true
  }

  /// False, with nothing added, when they are too many.
  mutating func add(_ added: [ImageSymbols]) -> Bool {
    // An image without functions takes memory too.
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
