/// The text of a time's whole seconds, rendered once per second. For each event, only the nine
/// digits of the fraction are rendered.
struct SecondText {
  private static let byteLimit = ByteSlice.padding
  private static let second_ns: Int64 = 1_000_000_000

  private var start: Int64 = 0
  /// Number of nanoseconds from `start` for which the text is valid; 0 if there is no text yet.
  private var length: UInt64 = 0
  private var count = 0
  private let text: UnsafeMutablePointer<UInt8>

  /// Creates a text stored in `arena`.
  init(in arena: ByteArena) {
    let bytes = arena.store([UInt8](repeating: 0, count: Self.byteLimit))
    text = UnsafeMutablePointer(mutating: bytes.start)
  }

  /// Appends the text of the time's second, rendered by `render`, and the fraction as nine digits.
  ///
  /// - Parameter render: writes the text that precedes the fraction, at most 32 bytes. Its argument
  ///   is the start of the second in nanoseconds.
  @inline(__always)
  mutating func append(
    _ time: Int64, to output: inout OutputBuffer, _ render: (Int64, inout OutputBuffer) -> Void
  ) {
    let fraction = UInt64(bitPattern: time &- start)
    if fraction < length {
      output.append(padded: ByteSlice(start: text, count: count))
      output.append(nineDigits: fraction)
      return
    }
    let rest = time % Self.second_ns
    start = time &- (rest < 0 ? rest + Self.second_ns : rest)
    length = UInt64(Self.second_ns)
    output.reserve(Self.byteLimit)
    let position = output.count
    render(start, &output)
    count = output.count - position
    precondition(count <= Self.byteLimit)
    text.update(from: output.base + position, count: count)
    output.append(nineDigits: UInt64(bitPattern: time &- start))
  }
}

extension SecondText {
  /// Appends nanoseconds as an integer.
  @inline(__always)
  mutating func append(number nanoseconds: Int64, to output: inout OutputBuffer) {
    if nanoseconds >= Self.second_ns {
      append(nanoseconds, to: &output) { start, output in
        output.append(decimal: UInt64(start / Self.second_ns))
      }
    } else {
      output.append(decimal: nanoseconds)
    }
  }
}

extension OutputBuffer {
  /// Appends a time in the format of RFC 3339 up to its second, `2026-11-28T19:21:51.`, without
  /// fraction and zone.
  ///
  /// - Parameter unixNanoseconds: nanoseconds since 1970-01-01 UTC.
  @inline(never)
  mutating func append(utcSecond unixNanoseconds: Int64) {
    append(text: UTCTime(unixNanoseconds: unixNanoseconds).rfc3339Second)
    append(byte: UInt8(ascii: "."))
  }
}
