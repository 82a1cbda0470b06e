/// The path and the parameters of a request.
struct PprofQuery {
  /// Maximum bytes of a request's target.
  static let bytesMax = 8192
  private static let parametersMax = 64

  private(set) var path = ""
  private var parameters: [String: String] = [:]
  /// The query as it was sent.
  private(set) var raw = ""

  /// - Throws: if the target is too long, no path, or not percent-encoded UTF-8.
  init(_ target: String) throws(PprofRefusal) {
    guard target.utf8.count <= Self.bytesMax else {
      throw PprofRefusal(414, "The address is longer than \(Self.bytesMax) bytes.")
    }
    guard target.utf8.first == UInt8(ascii: "/") else {
      throw PprofRefusal(400, "The address is not a path.")
    }
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = try Self.decoded(parts[0])
    guard parts.count > 1 else { return }
    raw = String(parts[1])
    let pairs = parts[1].split(separator: "&")
    guard pairs.count <= Self.parametersMax else {
      throw PprofRefusal(400, "The address has more than \(Self.parametersMax) parameters.")
    }
    for pair in pairs {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try Self.decoded(sides[0])
      if parameters[name] != nil { continue }
      parameters[name] = sides.count > 1 ? try Self.decoded(sides[1]) : ""
    }
  }

  private static func decoded(_ text: Substring) throws(PprofRefusal) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else {
        throw PprofRefusal(400, "The address has a '%' without two hexadecimal digits.")
      }
      bytes.append(high << 4 | low)
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw PprofRefusal(400, "The address is not UTF-8.")
    }
    return decoded
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
  }

  /// The first value of a parameter; nil if it is absent or empty.
  func text(_ name: String) -> String? { parameters[name].flatMap { $0.isEmpty ? nil : $0 } }

  /// A parameter that is an integer in a range.
  func number(
    _ name: String, in range: ClosedRange<Int>, default usual: Int
  ) throws(PprofRefusal) -> Int {
    guard let text = text(name) else { return usual }
    guard let number = Int(text), range.contains(number) else {
      throw PprofRefusal(
        400,
        "The parameter '\(name)' must be an integer from \(range.lowerBound) to "
          + "\(range.upperBound).")
    }
    return number
  }

  /// The parameter `seconds`: greater than 0 and at most `limit`.
  func seconds(default usual: Double, limit: Double) throws(PprofRefusal) -> Double {
    guard let text = text("seconds") else { return min(usual, limit) }
    guard let seconds = Double(text), seconds > 0, seconds <= limit else {
      throw PprofRefusal(
        400, "The parameter 'seconds' must be a number above 0 and at most \(Int(limit)).")
    }
    return seconds
  }
}
