import Testing

@testable import TraceExport

@Suite struct DigitsTests {
  static let edges: [UInt64] =
    [0, 1, 9, .max, .max - 1, UInt64(Int64.max), 1 << 63]
    + (1...19).flatMap { power -> [UInt64] in
      let ten = (0..<power).reduce(UInt64(1)) { value, _ in value * 10 }
      return [ten - 1, ten, ten + 1, ten / 5 * 9]
    }

  @Test func decimalsAreSwiftsOwn() {
    for value in Self.edges {
      #expect(text { $0.append(decimal: value) } == "\(value)")
      let signed = Int64(bitPattern: value)
      #expect(text { $0.append(decimal: signed) } == "\(signed)")
    }
  }

  /// Seven digits and a comma fit into a word; more do not.
  @Test func textsOfNumbersAreSwiftsOwn() {
    for value in Self.edges.filter({ $0 <= UInt64(UInt32.max) }) {
      let number = DecimalText(UInt32(value))
      #expect(text { $0.append(number, isFirst: true) } == "\(value)")
      #expect(text { $0.append(number, isFirst: false) } == ",\(value)")
    }
  }

  @Test func hexadecimalsAreSwiftsOwn() {
    for value in Self.edges + (0..<64).map({ 1 << $0 }) {
      #expect(text { $0.append(hex: value) } == "0x" + String(value, radix: 16))
    }
  }

  @Test(arguments: [
    (Int64(0), "    0.000000000"), (1, "    0.000000001"), (12_345_678_901, "   12.345678901"),
    (-1, "   -0.000000001"), (-12_345_678_901, "  -12.345678901"),
    (99_999_999_999_999, "99999.999999999"), (Int64.max, "9223372036.854775807"),
    (Int64.min, "-9223372036.854775808"),
  ])
  func secondsHaveNineDecimals(nanoseconds: Int64, expected: String) {
    #expect(text { $0.append(seconds: nanoseconds, width: 15) } == expected)
  }

  @Test func widthsPadOnTheLeft() {
    #expect(text { $0.append(decimal: 7, width: 3) } == "  7")
    #expect(text { $0.append(decimal: 1234, width: 3) } == "1234")
  }
}
