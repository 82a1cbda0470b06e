/// Times in the format of RFC 3339, `2026-11-28T19:21:51.123456789Z`. Within one second, only the
/// fractional digits are rendered anew.
struct UTCText {
  private static let secondBytes = 19
  private static let second_ns: Int64 = 1_000_000_000

  private var second = Int64.min
  private let text: UnsafeMutablePointer<UInt8>

  /// Creates a text stored in `arena`.
  init(in arena: ByteArena) {
    let bytes = arena.store([UInt8](repeating: 0, count: 64))
    text = UnsafeMutablePointer(mutating: bytes.start)
  }

  /// Appends a time, given in nanoseconds since 1970, UTC.
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
