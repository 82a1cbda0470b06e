/// Stores elements in chunks that never move, so growing copies nothing and wastes at most a chunk.
final class Slab<Element: BitwiseCopyable> {
  static var chunkBits: Int { 10 }
  private static var chunkElements: Int { 1 << chunkBits }

  // One thread at a time changes a slab, and nothing is called back.
  @exclusivity(unchecked)
  private var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  @exclusivity(unchecked) private var chunkCount = 0
  @exclusivity(unchecked) private var chunkCapacity = 4
  /// Maximum number of elements ever in use at once; all indexes are less than this.
  @exclusivity(unchecked) private(set) var count = 0
  /// Released indexes.
  @exclusivity(unchecked) private var free: [UInt32] = []

  init() {
    chunks = .allocate(capacity: 4)
  }

  deinit {
    for index in 0..<chunkCount { chunks[index].deallocate() }
    chunks.deallocate()
  }

  var memoryBytes: Int {
    chunkCount * Self.chunkElements * MemoryLayout<Element>.stride + chunkCapacity * 8
  }

  /// Number of elements in use.
  var countInUse: Int { count - free.count }

  /// Releases an element's index for reuse.
  func release(_ index: Int) { free.append(UInt32(index)) }

  /// Adds an element; returns its index, which may be a reused one.
  func append(_ element: Element) -> Int {
    if let index = free.popLast() {
      self[Int(index)] = element
      return Int(index)
    }
    if count == chunkCount << Self.chunkBits { addChunk() }
    let index = count
    (chunks[index >> Self.chunkBits] + (index & (Self.chunkElements - 1))).initialize(to: element)
    count += 1
    return index
  }

  private func addChunk() {
    if chunkCount == chunkCapacity {
      let wider = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(
        capacity: chunkCapacity * 2)
      wider.initialize(from: chunks, count: chunkCount)
      chunks.deallocate()
      chunks = wider
      chunkCapacity *= 2
    }
    (chunks + chunkCount).initialize(to: .allocate(capacity: Self.chunkElements))
    chunkCount += 1
  }

  /// Trap: the index is not checked in release builds.
  @inline(__always)
  subscript(index: Int) -> Element {
    unsafeAddress {
      assert(index < count)
      return UnsafePointer(chunks[index >> Self.chunkBits] + (index & (Self.chunkElements - 1)))
    }
    unsafeMutableAddress {
      assert(index < count)
      return chunks[index >> Self.chunkBits] + (index & (Self.chunkElements - 1))
    }
  }
}
