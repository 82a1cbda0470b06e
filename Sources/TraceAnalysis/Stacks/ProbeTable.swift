internal import Glibc

/// A hash table of values with the times for which they hold, keyed by two numbers. A key has one
/// value; a later one replaces it.
///
/// Keys with consecutive first numbers are mostly adjacent in memory, so the frames of a stack,
/// which a file numbers consecutively, share cache lines.
///
/// - Guarantee: holds at most `limit` keys; a full table is emptied and starts again.
/// - Cost: mostly one memory probe per lookup or insertion.
final class ProbeTable<Value: BitwiseCopyable> {
  // Not private: a private type in a generic class cannot be specialized in other files.
  struct Entry: BitwiseCopyable {
    var first: UInt64
    var from: Int64
    var until: Int64
    var value: Value
    /// 0 in an empty slot.
    var second: UInt32
  }

  private var entries: UnsafeMutablePointer<Entry>
  private var mask: Int
  private(set) var count = 0
  private let limit: Int
  /// Keys come from files, which cannot predict the seed.
  private let seed = UInt64.random(in: .min ... .max) | 1

  /// - Parameter limit: maximum number of keys.
  init(limit: Int) {
    self.limit = limit
    mask = 4095
    entries = Self.allocate(4096)
  }

  deinit { Self.release(entries, mask + 1) }

  private static var hugePageBytes: Int { 2 << 20 }

  /// Allocates empty slots: all their bytes are 0.
  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Entry> {
    let bytes = count * MemoryLayout<Entry>.stride
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { fatalError("no memory for \(bytes) bytes") }
    // Probes are spread over all the memory; with small pages, most would miss the TLB.
    if bytes >= hugePageBytes { madvise(memory, bytes, MADV_HUGEPAGE) }
    return memory.bindMemory(to: Entry.self, capacity: count)
  }

  private static func release(_ entries: UnsafeMutablePointer<Entry>, _ count: Int) {
    munmap(entries, count * MemoryLayout<Entry>.stride)
  }

  /// Returns the key's entry if it holds at `time`. `second` must not be 0.
  ///
  /// - Trap: the pointer is valid until the next insertion.
  @inline(__always)
  func entry(_ first: UInt64, _ second: UInt32, at time: Int64) -> UnsafePointer<Entry>? {
    let entry = entries + slot(first, second)
    guard entry.pointee.second != 0, entry.pointee.from <= time, time <= entry.pointee.until
    else { return nil }
    return UnsafePointer(entry)
  }

  /// Prefetches the key's home slot for callers with many queries. Returns the value in that slot,
  /// which may belong to another key.
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

  /// Returns the preferred slot of a key, within the group of eight shared with its neighbors.
  @inline(__always)
  private func home(_ first: UInt64, _ second: UInt32) -> Int {
    let group = first &>> 3 ^ UInt64(second) &* 0x9e37_79b9_7f4a_7c15
    let product = (group ^ seed).multipliedFullWidth(by: seed)
    let hash = Int(truncatingIfNeeded: product.high ^ product.low) & ~7
    return (hash | Int(truncatingIfNeeded: first & 7)) & mask
  }

  /// Returns the slot of the key, or the slot for its insertion, at or after its home.
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
    // Small tables grow faster: each growth copies the table and interrupts the other threads'
    // processors.
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
