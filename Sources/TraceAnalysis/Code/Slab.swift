/// Elements in chunks that never move, so that growing copies nothing and wastes at most a chunk.
final class Slab<Element: BitwiseCopyable> {
  static var chunkBits: Int { 10 }
  private static var chunkElements: Int { 1 << chunkBits }

  private var chunks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  private var chunkCount = 0
  private var chunkCapacity = 4
  /// Elements that were ever in use at once: indexes are below.
  private(set) var count = 0
  /// Indexes that were given back.
  private var free: [UInt32] = []

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

  /// Elements in use.
  var countInUse: Int { count - free.count }

  /// Gives an element's place back.
  func release(_ index: Int) { free.append(UInt32(index)) }

  /// Adds an element; gives its index, which may be one that was given back.
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

  /// Trap: not checked in release builds.
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
