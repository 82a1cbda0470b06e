/// SipHash-2-4 with 128 bits: who lacks the key can neither make nor guess the code of a text.
///
/// - Cost: about a nanosecond for each byte.
struct SipHash {
  /// Bytes of a key and of a code.
  static let bytes = 16

  private var (v0, v1, v2, v3): (UInt64, UInt64, UInt64, UInt64)

  /// Returns the code of a text under a key of 16 bytes.
  static func code(of text: UnsafeRawBufferPointer, key: [UInt8]) -> [UInt8] {
    precondition(key.count == bytes)
    let (low, high) = key.withUnsafeBytes { ($0.word(0), $0.word(8)) }
    var state = SipHash(low, high)
    let whole = text.count / 8 * 8
    for offset in stride(from: 0, to: whole, by: 8) { state.add(text.word(offset)) }
    var last = UInt64(truncatingIfNeeded: text.count) << 56
    for (index, byte) in text[whole...].enumerated() { last |= UInt64(byte) << UInt64(index * 8) }
    state.add(last)
    return state.finish()
  }

  private init(_ low: UInt64, _ high: UInt64) {
    v0 = low ^ 0x736f_6d65_7073_6575
    v1 = high ^ 0x646f_7261_6e64_6f6d ^ 0xee
    v2 = low ^ 0x6c79_6765_6e65_7261
    v3 = high ^ 0x7465_6462_7974_6573
  }

  @inline(__always)
  private mutating func add(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
  }

  private mutating func finish() -> [UInt8] {
    v2 ^= 0xee
    for _ in 0..<4 { round() }
    let low = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xdd
    for _ in 0..<4 { round() }
    let high = v0 ^ v1 ^ v2 ^ v3
    return [low, high].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) }
    }
  }

  @inline(__always)
  private mutating func round() {
    v0 &+= v1
    v1 = v1 &<< 13 | v1 &>> 51
    v1 ^= v0
    v0 = v0 &<< 32 | v0 &>> 32
    v2 &+= v3
    v3 = v3 &<< 16 | v3 &>> 48
    v3 ^= v2
    v0 &+= v3
    v3 = v3 &<< 21 | v3 &>> 43
    v3 ^= v0
    v2 &+= v1
    v1 = v1 &<< 17 | v1 &>> 47
    v1 ^= v2
    v2 = v2 &<< 32 | v2 &>> 32
  }
}

extension UnsafeRawBufferPointer {
  /// Eight bytes, the lowest first.
  @inline(__always)
  fileprivate func word(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}
