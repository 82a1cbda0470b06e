internal import Glibc

/// Values by two numbers, with the times between which they hold: a key has one value, and a later
/// one takes its place.
///
/// Keys whose first numbers follow each other mostly lie beside each other: a stack's frames, which
/// a file numbers in a row, share cache lines.
///
/// - Guarantee: at most `limit` keys; a table that is full forgets all of them and goes on.
/// - Cost: one probe of memory mostly, for a look-up as for an addition.
final class ProbeTable<Value: BitwiseCopyable> {
  // Not private: a generic class's private type cannot be specialised elsewhere.
  struct Entry: BitwiseCopyable {
    var first: UInt64
    var from: Int64
    var until: Int64
    var value: Value
    /// 0 in a slot without a key.
    var second: UInt32
  }

  private var entries: UnsafeMutablePointer<Entry>
  private var mask: Int
  private(set) var count = 0
  private let limit: Int
  /// Files choose the keys; they do not know this.
  private let seed = UInt64.random(in: .min ... .max) | 1

  /// - Parameter limit: how many keys at most.
  init(limit: Int) {
    self.limit = limit
    mask = 4095
    entries = Self.allocate(4096)
  }

  deinit { Self.release(entries, mask + 1) }

  private static var hugePageBytes: Int { 2 << 20 }

  /// Slots without keys: all their bytes are 0.
  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Entry> {
    let bytes = count * MemoryLayout<Entry>.stride
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { fatalError("no memory for \(bytes) bytes") }
    // Probes go anywhere: with small pages, most would have to look up the page first.
    if bytes >= hugePageBytes { madvise(memory, bytes, MADV_HUGEPAGE) }
    return memory.bindMemory(to: Entry.self, capacity: count)
  }

  private static func release(_ entries: UnsafeMutablePointer<Entry>, _ count: Int) {
    munmap(entries, count * MemoryLayout<Entry>.stride)
  }

  /// The key's entry, if it holds at `time`. `second` is not 0.
  ///
  /// - Trap: good until the next addition.
  @inline(__always)
  func entry(_ first: UInt64, _ second: UInt32, at time: Int64) -> UnsafePointer<Entry>? {
    let entry = entries + slot(first, second)
    guard entry.pointee.second != 0, entry.pointee.from <= time, time <= entry.pointee.until
    else { return nil }
    return UnsafePointer(entry)
  }

  /// Brings the key's slot, or what is before it, into the processor's caches: for who asks for
  /// many keys. Gives the value there, whoever's it is.
  @inline(__always)
  func approach(_ first: UInt64, _ second: UInt32) -> Value {
    entries[home(first, second)].value
  }

  @inline(__always)
  func insert(
    _ value: Value, _ first: UInt64, _ second: UInt32, holding times: ClosedRange<Int64>
  ) {
    let entry = entries + slot(first, second)
    if entry.pointee.second == 0 {
      count &+= 1
      if count &* 4 > mask &* 3 || count > limit {
        makeRoom()
        return insert(value, first, second, holding: times)
      }
    }
    entry.pointee = Entry(
      first: first, from: times.lowerBound, until: times.upperBound, value: value, second: second)
  }

  /// The key's place among the eight that it is one of.
  @inline(__always)
  private func home(_ first: UInt64, _ second: UInt32) -> Int {
    let group = first &>> 3 ^ UInt64(second) &* 0x9e37_79b9_7f4a_7c15
    let product = (group ^ seed).multipliedFullWidth(by: seed)
    let hash = Int(truncatingIfNeeded: product.high ^ product.low) & ~7
    return (hash | Int(truncatingIfNeeded: first & 7)) & mask
  }

  /// Where the key is, or would be put: at or after its home.
  @inline(__always)
  private func slot(_ first: UInt64, _ second: UInt32) -> Int {
    var slot = home(first, second)
    while entries[slot].second != 0,
      entries[slot].first != first || entries[slot].second != second
    {
      slot = (slot &+ 1) & mask
    }
    return slot
  }

  @inline(never)
  private func makeRoom() {
    let (old, oldCount) = (entries, mask + 1)
    defer { Self.release(old, oldCount) }
    guard count <= limit else {
      entries = Self.allocate(oldCount)
      count = 0
      return
    }
    // Small ones grow faster: each step copies, and interrupts the other threads' processors.
    let grown = oldCount * (oldCount < 1 << 16 ? 8 : 2)
    entries = Self.allocate(grown)
    mask = grown - 1
    count = 0
    for index in 0..<oldCount where old[index].second != 0 {
      entries[slot(old[index].first, old[index].second)] = old[index]
      count += 1
    }
  }
}
