/// Surviving objects: cells of equal size in blocks; large objects separately. They do not move.
///
/// A cell is free when its first word is 0; the second one is then the next free cell's address.
struct OldSpace: ~Copyable {
  private struct SizeClass {
    var free: UnsafeMutablePointer<UInt64>?
    var blocks: [UnsafeMutablePointer<UInt64>] = []
  }

  /// Size classes by number of words in a cell.
  private var classes = [SizeClass](repeating: SizeClass(), count: cellWordsMax + 1)
  private var large: [Object] = []
  private(set) var usedWords = 0

  private static let cellWordsMax = 32
  private static let blockWords = 4096

  deinit {
    for kind in classes { for block in kind.blocks { block.deallocate() } }
    for object in large { object.words.deallocate() }
  }

  mutating func allocate(words: Int) -> Object {
    usedWords += words
    guard words <= Self.cellWordsMax else {
      let object = Object(words: .allocate(capacity: words))
      large.append(object)
      return object
    }
    if classes[words].free == nil { addBlock(words) }
    let cell = classes[words].free!
    classes[words].free = UnsafeMutablePointer(bitPattern: UInt(cell[1]))
    return Object(words: cell)
  }

  private mutating func addBlock(_ words: Int) {
    let block = UnsafeMutablePointer<UInt64>.allocate(capacity: Self.blockWords)
    classes[words].blocks.append(block)
    for cell in Self.cells(of: words).reversed() { release(block + cell, words) }
  }

  private static func cells(of words: Int) -> StrideTo<Int> {
    stride(from: 0, to: blockWords - words + 1, by: words)
  }

  private mutating func release(_ cell: UnsafeMutablePointer<UInt64>, _ words: Int) {
    cell[0] = 0
    cell[1] = UInt64(UInt(bitPattern: classes[words].free))
    classes[words].free = cell
  }

  /// Frees unmarked objects, and clears the marks of the others.
  mutating func sweep() {
    usedWords = 0
    for words in Object.wordCountMin...Self.cellWordsMax {
      classes[words].free = nil
      for block in classes[words].blocks {
        for cell in Self.cells(of: words).reversed() {
          if Self.keeps(Object(words: block + cell)) {
            usedWords += words
          } else {
            release(block + cell, words)
          }
        }
      }
    }
    large = large.filter { object in
      guard Self.keeps(object) else {
        object.words.deallocate()
        return false
      }
      return true
    }
    usedWords += large.reduce(0) { $0 + $1.wordCount }
  }

  private static func keeps(_ object: Object) -> Bool {
    guard object.has(Object.Flag.marked) else { return false }
    object.clear(Object.Flag.marked)
    return true
  }
}
