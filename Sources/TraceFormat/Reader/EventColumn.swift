internal import Glibc

/// One value per event of a block. Columns of zeros and of positions, which are common, share
/// memory.
///
/// - Trap: `base` moves when the column is filled.
struct EventColumn<Element: FixedWidthInteger & UnsignedInteger>: ~Copyable {
  private var own = GrowingBuffer<Element>(capacity: 1)
  private(set) var base = SharedColumns.zeros.assumingMemoryBound(to: Element.self)

  /// Memory that only this column uses, in bytes.
  var memoryBytes: Int { own.capacity * MemoryLayout<Element>.stride }

  subscript(index: Int) -> Element { base[index] }

  /// Returns room for `count` values, which the caller fills in.
  mutating func fill(_ count: Int) -> UnsafeMutablePointer<Element> {
    own.reserve(count)
    base = UnsafePointer(own.base)
    return own.base
  }

  /// Sets all values. The shared zeros suffice for ``FileLayout/blockEventsMax`` values.
  mutating func fill(_ count: Int, with value: Element) {
    if value == 0, count <= FileLayout.blockEventsMax {
      base = SharedColumns.zeros.assumingMemoryBound(to: Element.self)
    } else {
      fill(count).update(repeating: value, count: count)
    }
  }
}

extension EventColumn where Element == UInt32 {
  /// Sets each value to its position.
  mutating func fillWithPositions(_ count: Int) {
    if count <= FileLayout.blockEventsMax {
      base = SharedColumns.positions
    } else {
      let target = fill(count)
      for position in 0..<count { target[position] = UInt32(truncatingIfNeeded: position) }
    }
  }
}

/// Columns for blocks of up to ``FileLayout/blockEventsMax`` events, never freed.
enum SharedColumns {
  /// Zeros for elements of up to four bytes. Pages that are only read are the kernel's zero page,
  /// and take no memory.
  nonisolated(unsafe) static let zeros: UnsafeRawPointer = {
    let size = FileLayout.blockEventsMax * 4
    let pages = mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    if let pages, pages != MAP_FAILED { return UnsafeRawPointer(pages) }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
    memset(memory, 0, size)
    return UnsafeRawPointer(memory)
  }()

  /// The numbers 0, 1, 2 …
  nonisolated(unsafe) static let positions: UnsafePointer<UInt32> = {
    let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: FileLayout.blockEventsMax)
    for position in 0..<FileLayout.blockEventsMax {
      (memory + position).initialize(to: UInt32(position))
    }
    return UnsafePointer(memory)
  }()
}
