/// Rust's names since 2019 ("v0", RFC 2603): `_RNvCs1234_7mycrate3foo` to `mycrate::foo`.
///
/// Shown in the short form of Rust's tools, without the crates' hashes and the types of constants.
///
/// - Guarantee: bounded. The result is nil for a name that nests deeper than ``depthMax``, takes
///   more than ``stepsMax`` steps (references repeat earlier text, so a short name can expand to a
///   long text), or becomes too long.
struct RustName {
  static let depthMax = 200
  static let stepsMax = 50_000

  /// The name is not of this form, or too large.
  struct Failure: Error {}

  private let bytes: [UInt8]
  /// The position of the next byte. References count from the byte after "_R".
  private(set) var position = 0
  private var depth = 0
  private var steps = 0
  /// Whether the current part is skipped: it is not written, and its references are not followed.
  private var skips = 0
  /// Number of lifetimes named by the surrounding `for<'a>`.
  var boundLifetimes: UInt64 = 0
  private(set) var text = ""

  /// Nil if it is not a Rust name.
  static func demangle(_ raw: String) -> String? {
    let bytes = raw.utf8.dropFirst(2)
    // A digit would be a version of the scheme; there is none yet.
    guard raw.hasPrefix("_R"), let first = bytes.first, (65...90).contains(first),
      bytes.allSatisfy({ $0 < 0x80 })
    else { return nil }
    var name = RustName(bytes: Array(bytes))
    guard (try? name.printSymbol()) != nil else { return nil }
    return name.text
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func printSymbol() throws(Failure) {
    try printPath(inValue: true)
    // The crate in which a generic function was instantiated.
    if let next = peek, (65...90).contains(next) {
      try skipping { name throws(Failure) in try name.printPath(inValue: false) }
    }
    // The optimizer's suffix follows the name: ".llvm.1234".
    guard position == bytes.count || peek == UInt8(ascii: ".") || peek == UInt8(ascii: "$")
    else { throw Failure() }
  }

  // MARK: Reading

  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func next() throws(Failure) -> UInt8 {
    guard let byte = peek else { throw Failure() }
    position += 1
    return byte
  }

  mutating func eat(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Digits and letters up to a `_`. `_` alone is 0; other numbers are stored minus one.
  mutating func base62() throws(Failure) -> UInt64 {
    if eat("_") { return 0 }
    var value: UInt64 = 0
    while true {
      let digit: UInt64
      switch try next() {
      case let byte where (48...57).contains(byte): digit = UInt64(byte - 48)
      case let byte where (97...122).contains(byte): digit = UInt64(byte - 97) + 10
      case let byte where (65...90).contains(byte): digit = UInt64(byte - 65) + 36
      case UInt8(ascii: "_"):
        guard value < .max else { throw Failure() }
        return value + 1
      default: throw Failure()
      }
      let (product, isTooLarge) = value.multipliedReportingOverflow(by: 62)
      let (sum, overflow) = product.addingReportingOverflow(digit)
      guard !isTooLarge, !overflow else { throw Failure() }
      value = sum
    }
  }

  /// An optional number, present if its letter is; otherwise 0.
  mutating func optionalBase62(_ letter: Unicode.Scalar) throws(Failure) -> UInt64 {
    guard eat(letter) else { return 0 }
    let value = try base62()
    guard value < .max else { throw Failure() }
    return value + 1
  }

  /// Distinguishes items of the same name.
  mutating func disambiguator() throws(Failure) -> UInt64 { try optionalBase62("s") }

  mutating func identifier() throws(Failure) -> String {
    let isCoded = eat("u")
    var length = 0
    guard let first = peek, (48...57).contains(first) else { throw Failure() }
    repeat {
      length = length * 10 + Int(try next() - 48)
      guard length <= bytes.count else { throw Failure() }
      // A length has no leading zeros; a 0 is the whole length.
      if length == 0 { break }
    } while peek.map { (48...57).contains($0) } ?? false
    // The separator if the identifier begins with a digit or "_".
    _ = eat("_")
    guard length <= bytes.count - position else { throw Failure() }
    let part = bytes[position..<position + length]
    position += length
    guard isCoded else { return String(decoding: part, as: UTF8.self) }
    let end = part.lastIndex(of: UInt8(ascii: "_"))
    let coded = part[(end.map { $0 + 1 } ?? part.startIndex)...]
    guard let name = Punycode.decode(part[..<(end ?? part.startIndex)], coded) else {
      throw Failure()
    }
    return name
  }

  /// Hexadecimal digits up to a `_`.
  mutating func digits() throws(Failure) -> ArraySlice<UInt8> {
    let start = position
    while try next() != UInt8(ascii: "_") {
      guard bytes[position - 1].hexadecimalValue != nil, !(65...70).contains(bytes[position - 1])
      else { throw Failure() }
    }
    return bytes[start..<position - 1]
  }

  // MARK: Writing

  mutating func write(_ part: some StringProtocol) throws(Failure) {
    guard skips == 0 else { return }
    text += part
    guard text.utf8.count <= SymbolLimits.nameLength else { throw Failure() }
  }

  /// Runs `body` for items up to an `E`, with a separator between them, and returns their number.
  @discardableResult
  mutating func list(
    _ separator: String, _ item: (inout Self) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    var count = 0
    while !eat("E") {
      if count > 0 { try write(separator) }
      try item(&self)
      count += 1
    }
    return count
  }

  // MARK: Bounds

  mutating func nested(_ body: (inout Self) throws(Failure) -> Void) throws(Failure) {
    depth += 1
    steps += 1
    guard depth <= Self.depthMax, steps <= Self.stepsMax else { throw Failure() }
    try body(&self)
    depth -= 1
  }

  mutating func skipping(_ body: (inout Self) throws(Failure) -> Void) throws(Failure) {
    skips += 1
    try body(&self)
    skips -= 1
  }

  /// Repeats the text at an earlier position; its `B` has been read.
  mutating func backReference(
    _ body: (inout Self) throws(Failure) -> Void
  ) throws(Failure) {
    let start = position - 1
    let target = try base62()
    guard target < UInt64(start) else { throw Failure() }
    // It was counted at its original position.
    guard skips == 0 else { return }
    let after = position
    position = Int(target)
    try nested(body)
    position = after
  }
}
