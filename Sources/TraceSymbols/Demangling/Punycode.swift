/// Decodes identifiers with letters beyond ASCII in mangled names (RFC 3492).
enum Punycode {
  /// The maximum for one identifier, as in Rust's demangler: each insertion moves the following
  /// letters.
  static let lettersMax = 128

  /// Inserts the letters described by `coded` into `basic`; nil if `coded` is invalid or describes
  /// more than ``lettersMax``.
  static func decode(_ basic: some Collection<UInt8>, _ coded: some Collection<UInt8>) -> String? {
    guard !coded.isEmpty, basic.count <= lettersMax else { return nil }
    var letters = basic.map { Unicode.Scalar($0) }
    var code: UInt32 = 0x80
    var index = 0
    var bias = 72
    var digits = coded.makeIterator()
    var next = digits.next()
    while next != nil {
      let before = index
      guard let delta = delta(&next, &digits, bias) else { return nil }
      let count = letters.count + 1
      let (sum, overflow) = index.addingReportingOverflow(delta)
      guard !overflow, count <= lettersMax else { return nil }
      bias = adapted(sum - before, count: count, isFirst: before == 0 && count == basic.count + 1)
      let (value, isTooHigh) = code.addingReportingOverflow(UInt32(clamping: sum / count))
      guard !isTooHigh, let letter = Unicode.Scalar(value) else { return nil }
      code = value
      index = sum % count
      letters.insert(letter, at: index)
      index += 1
    }
    var text = ""
    text.unicodeScalars.append(contentsOf: letters)
    return text
  }

  /// A number whose digit count depends on the bias.
  private static func delta<Digits: IteratorProtocol<UInt8>>(
    _ next: inout UInt8?, _ digits: inout Digits, _ bias: Int
  ) -> Int? {
    var value = 0
    var weight = 1
    var place = 36
    while let byte = next {
      guard let digit = digit(byte) else { return nil }
      next = digits.next()
      let (product, isTooLarge) = digit.multipliedReportingOverflow(by: weight)
      let (sum, overflow) = value.addingReportingOverflow(product)
      guard !isTooLarge, !overflow else { return nil }
      value = sum
      let threshold = min(max(place - bias, 1), 26)
      if digit < threshold { return value }
      let (wider, isTooWide) = weight.multipliedReportingOverflow(by: 36 - threshold)
      guard !isTooWide else { return nil }
      weight = wider
      place += 36
    }
    return nil
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a"))
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0")) + 26
    default: nil
    }
  }

  private static func adapted(_ delta: Int, count: Int, isFirst: Bool) -> Int {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / count
    var bias = 0
    while delta > 455 {
      delta /= 35
      bias += 36
    }
    return bias + 36 * delta / (delta + 38)
  }
}
