/// The identifier that the linker writes into an image, usually a SHA-1.
public struct BuildID: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// Nil for no bytes, for zeros only (the kernel reports a missing build id this way), and for
  /// more bytes than any linker writes.
  public init?(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes.prefix(SymbolLimits.buildIDBytes + 1))
    guard self.bytes.count <= SymbolLimits.buildIDBytes, self.bytes.contains(where: { $0 != 0 })
    else { return nil }
  }

  /// Parses hexadecimal digits.
  public init?(hexadecimal text: some StringProtocol) {
    let digits = text.utf8.compactMap(\.hexadecimalValue)
    guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
    self.init(stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
  }

  /// Lower-case hexadecimal, as in debug directories.
  public var description: String {
    var text = ""
    for byte in bytes {
      text += String(byte >> 4, radix: 16)
      text += String(byte & 15, radix: 16)
    }
    return text
  }

  /// Whether both identify the same file. The kernel reports at most 20 bytes in its records,
  /// padded with zeros if the note is shorter.
  public func matches(_ other: BuildID) -> Bool {
    let (short, long) =
      bytes.count <= other.bytes.count ? (bytes, other.bytes) : (other.bytes, bytes)
    guard long.starts(with: short) else { return false }
    return short.count == long.count || short.count == 20
      || long[short.count...].allSatisfy { $0 == 0 }
  }
}

extension UInt8 {
  /// The value of an ASCII digit.
  var hexadecimalValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
