/// A buffer of elements of trivial types (never initialized or destroyed) that grows by doubling.
///
/// - Trap: this is unsafe memory: `base` moves when the buffer grows.
struct GrowingBuffer<Element>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int
  var count = 0

  init(capacity: Int = 16) {
    self.capacity = max(capacity, 1)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  /// Reserves room for `total` elements, preserving the existing ones.
  @inline(__always)
  mutating func reserve(_ total: Int) {
    if total > capacity { grow(total) }
  }

  @inline(never)
  private mutating func grow(_ total: Int) {
    let larger = max(total, capacity * 2)
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: larger)
    memory.initialize(from: base, count: count)
    base.deallocate()
    base = memory
    capacity = larger
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    reserve(count + 1)
    base[count] = element
    count += 1
  }

  mutating func append(_ source: UnsafePointer<Element>, count added: Int) {
    reserve(count + added)
    (base + count).initialize(from: source, count: added)
    count += added
  }

  @inline(__always)
  subscript(index: Int) -> Element {
    get { base[index] }
    set { base[index] = newValue }
  }
}

extension GrowingBuffer where Element == UInt8 {
  /// Grows by `added` bytes, which the caller fills in.
  mutating func extend(_ added: Int) -> UnsafeMutablePointer<UInt8> {
    reserve(count + added)
    defer { count += added }
    return base + count
  }

  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    append(source.assumingMemoryBound(to: UInt8.self), count: bytes.count)
  }

  var rawBytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: count)
  }
}
