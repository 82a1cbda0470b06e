/// Symbols that have not been written to a block yet.
struct PendingSymbols {
  /// Amount of symbols that fills a block.
  private static let bytesPerBlock = 1 << 20

  private var images: [ImageSymbols] = []
  private var bytes = 0
  /// Number of functions and parts of images in the whole file.
  private var functionCount = 0

  var isEmpty: Bool { images.isEmpty }
  var isFull: Bool { bytes > Self.bytesPerBlock }

  /// Adds an image, cut to the readers' limits and split into parts that each fit into a block.
  mutating func add(_ image: ImageSymbols) {
    guard image.buildID.count <= FileLayout.buildIDBytesMax else { return }
    var piece = image
    piece.path = image.path.cut(toBytes: FileLayout.pathBytesMax)
    piece.functions = []
    var pieceBytes = Self.bytes(piece.path)
    for function in image.functions {
      var kept = function
      kept.name = function.name.cut(toBytes: FileLayout.textBytesMax)
      piece.functions.append(kept)
      pieceBytes += Self.bytes(kept.name)
      guard pieceBytes > Self.bytesPerBlock else { continue }
      append(piece, pieceBytes)
      piece.functions = []
      pieceBytes = Self.bytes(piece.path)
    }
    if !piece.functions.isEmpty { append(piece, pieceBytes) }
  }

  private mutating func append(_ piece: ImageSymbols, _ pieceBytes: Int) {
    guard functionCount + piece.functions.count < FileLayout.functionsMax else { return }
    images.append(piece)
    bytes += pieceBytes
    functionCount += piece.functions.count + 1
  }

  /// Approximate size of a text and its associated numbers.
  private static func bytes(_ text: String) -> Int { text.utf8.count + 32 }

  /// Removes and returns the images for the next block.
  mutating func takeBlock() -> [ImageSymbols] {
    var taken = 0
    var count = 0
    while count < images.count, count < FileLayout.imagesPerBlockMax,
      taken <= Self.bytesPerBlock
    {
      taken += images[count].functions.reduce(Self.bytes(images[count].path)) {
        $0 + Self.bytes($1.name)
      }
      count += 1
    }
    defer {
      images.removeFirst(count)
      bytes -= taken
    }
    return Array(images[..<count])
  }
}
