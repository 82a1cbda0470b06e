import Glibc

/// Where objects begin: allocation is a pointer that moves up.
struct Nursery: ~Copyable {
  let base: UnsafeMutablePointer<UInt64>
  let wordCount: Int
  private(set) var used = 0

  init(byteCount: Int) {
    wordCount = byteCount / 8
    base = .allocate(capacity: wordCount)
  }

  deinit { base.deallocate() }

  /// Nil when it is full.
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
    // Whoever uses a reference that was forgotten shall not get away with it.
    assert({ memset(base, 0xdd, used * 8) != nil }())
    used = 0
  }
}
