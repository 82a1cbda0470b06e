/// The path and the parameters of a request.
package struct Query: Hashable, Sendable {
  /// Maximum bytes of a request's target.
  package static let bytesMax = 8192
  private static let parametersMax = 64

  /// The parts of the path, decoded.
  package private(set) var path: [String] = []
  private var parameters: [String: [String]] = [:]

  /// - Throws: if the target is too long or is not percent-encoded UTF-8.
  package init(_ target: String) throws(Refusal) {
    guard target.utf8.count <= Self.bytesMax else {
      throw Refusal(414, "The address is longer than \(Self.bytesMax) bytes.")
    }
    guard target.hasPrefix("/") else { throw Refusal(400, "The address is not a path.") }
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    for part in parts[0].split(separator: "/", omittingEmptySubsequences: true) {
      path.append(try Self.decoded(part, plusIsSpace: false))
    }
    guard parts.count > 1 else { return }
    let pairs = parts[1].split(separator: "&")
    guard pairs.count <= Self.parametersMax else {
      throw Refusal(400, "The address has more than \(Self.parametersMax) parameters.")
    }
    for pair in pairs {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try Self.decoded(sides[0], plusIsSpace: true)
      let value = sides.count > 1 ? try Self.decoded(sides[1], plusIsSpace: true) : ""
      parameters[name, default: []].append(value)
    }
  }

  private static func decoded(
    _ text: Substring, plusIsSpace: Bool
  ) throws(Refusal) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else {
          throw Refusal(400, "The address has a '%' without two hexadecimal digits.")
        }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw Refusal(400, "The address is not UTF-8.")
    }
    return decoded
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Parameters in a fixed order, for a cache's key.
  package var key: String {
    path.dropFirst().joined(separator: "/") + "?"
      + parameters.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value.joined(separator: "\u{0}"))" }.joined(separator: "&")
  }

  /// The first value of a parameter; nil if it is absent or empty.
  package func text(_ name: String) -> String? {
    parameters[name]?.first.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// All values of a parameter.
  package func texts(_ name: String) -> [String] {
    (parameters[name] ?? []).filter { !$0.isEmpty }
  }

  /// Whether a parameter is `1`.
  package func flag(_ name: String) -> Bool { text(name) == "1" }

  /// The value of a parameter that is an integer.
  package func number<Number: FixedWidthInteger>(
    _ name: String, as type: Number.Type = Number.self
  ) throws(Refusal) -> Number? {
    guard let text = text(name) else { return nil }
    guard let number = Number(text) else {
      throw Refusal(400, "The parameter '\(name)' is not an integer in its range.")
    }
    return number
  }

  /// The value of a parameter that is an integer in a range.
  package func number(
    _ name: String, in range: ClosedRange<Int>, default value: Int
  ) throws(Refusal) -> Int {
    let number = try number(name, as: Int.self) ?? value
    guard range.contains(number) else {
      throw Refusal(
        400, "The parameter '\(name)' must be from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }

  /// Process or thread ids, separated by commas; nil if the parameter is absent.
  package func ids(_ name: String) throws(Refusal) -> Set<UInt32>? {
    guard let text = text(name) else { return nil }
    var result: Set<UInt32> = []
    for part in text.split(separator: ",").prefix(1000) {
      guard let id = UInt32(part) else {
        throw Refusal(400, "The parameter '\(name)' is not a list of ids: 12,34.")
      }
      result.insert(id)
    }
    return result
  }

  /// The time from `from` to `to` in nanoseconds since the trace's start; nil if both are absent.
  package func time() throws(Refusal) -> ClosedRange<Int64>? {
    let from = try number("from", as: Int64.self)
    let to = try number("to", as: Int64.self)
    if from == nil, to == nil { return nil }
    guard from ?? .min <= to ?? .max else { throw Refusal(400, "'from' is after 'to'.") }
    return (from ?? .min)...(to ?? .max)
  }
}
