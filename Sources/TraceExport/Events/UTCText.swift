/// Moments as RFC 3339 has them, `2026-11-28T19:21:51.123456789Z`: events of one second share its
/// text, and only the digits behind it are written anew.
struct UTCText {
  private static let secondBytes = 19
  private static let second_ns: Int64 = 1_000_000_000

  private var second = Int64.min
  private let text: UnsafeMutablePointer<UInt8>

  /// The text lies in `arena`.
  init(in arena: ByteArena) {
    let bytes = arena.store([UInt8](repeating: 0, count: 64))
    text = UnsafeMutablePointer(mutating: bytes.start)
  }

  /// Appends the moment that is so many nanoseconds after 1970, UTC.
  @inline(__always)
  mutating func append(_ unixNanoseconds: Int64, to output: inout OutputBuffer) {
    var (whole, fraction) = unixNanoseconds.quotientAndRemainder(dividingBy: Self.second_ns)
    if fraction < 0 { (whole, fraction) = (whole - 1, fraction + Self.second_ns) }
    if whole != second { render(whole) }
    output.append(ByteSlice(start: text, count: Self.secondBytes))
    output.append(byte: UInt8(ascii: "."))
    output.append(nineDigits: UInt64(fraction))
    output.append(byte: UInt8(ascii: "Z"))
  }

  private mutating func render(_ whole: Int64) {
    second = whole
    let time = UTCTime(unixNanoseconds: whole &* Self.second_ns)
    for (index, byte) in time.rfc3339Second.utf8.prefix(Self.secondBytes).enumerated() {
      text[index] = byte
    }
  }
}
