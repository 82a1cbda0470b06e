import Glibc

/// The space for new objects: an allocation increments a pointer.
struct Nursery: ~Copyable {
  let base: UnsafeMutablePointer<UInt64>
  let wordCount: Int
  private(set) var used = 0

  init(byteCount: Int) {
    wordCount = byteCount / 8
    base = .allocate(capacity: wordCount)
  }

  deinit { base.deallocate() }

  /// Allocates an object; nil if the nursery is full.
  mutating func allocate(words: Int) -> Object? {
    guard used + words <= wordCount else { return nil }
    defer { used += words }
    return Object(words: base + used)
  }

  func contains(_ value: Value) -> Bool {
    value.isReference
      && value.bits & 0xffff_ffff_ffff &- UInt64(UInt(bitPattern: base)) < UInt64(wordCount * 8)
  }

  mutating func empty() {
    // Makes uses of stale references fail.
    assert({ memset(base, 0xdd, used * 8) != nil }())
    used = 0
  }
}
