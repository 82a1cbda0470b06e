/// Bounds the growth of a mangled name when it is demangled.
///
/// A reference repeats earlier text, which may contain references itself: n of them can double the
/// text n times. Real names have fewer than 20; the few that have more stay raw.
enum NameGrowth {
  /// Maximum number of references that may double the text: 2^20 repetitions take a fraction of a
  /// second and a few megabytes.
  private static let doublings = 20
  /// The demanglers recurse on nested parts.
  private static let length = 4096

  static func isBounded(cxx raw: String) -> Bool {
    guard raw.utf8.count <= length else { return false }
    var references = 0
    var parameters = 1
    var previous: UInt8 = 0
    for byte in raw.utf8 {
      // S_, S1_, SA_ but not St, Sa; T_, T0_.
      if previous == UInt8(ascii: "S"),
        byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte)
      {
        references += 1
      } else if previous == UInt8(ascii: "T"), byte == UInt8(ascii: "_") || (48...57).contains(byte)
      {
        parameters += 1
      }
      previous = byte
    }
    return references + exponent(of: parameters) <= doublings
  }

  static func isBounded(swift raw: [UInt8]) -> Bool {
    guard raw.count <= length else { return false }
    var scan = SwiftNameScan(bytes: raw)
    return scan.doublings(limit: doublings) <= doublings
  }

  fileprivate static func exponent(of count: Int) -> Int {
    Int.bitWidth - max(count - 1, 0).leadingZeroBitCount
  }
}

/// Counts the references of a Swift name: `AC`, `AbC`, `A12C`, but not those letters in
/// identifiers.
private struct SwiftNameScan {
  let bytes: [UInt8]
  var position = 0

  private var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

  mutating func doublings(limit: Int) -> Int {
    var count = 0
    while position < bytes.count, count <= limit {
      if isDigit(current) {
        skipIdentifier()
      } else if current == UInt8(ascii: "A") {
        position += 1
        count += references()
      } else {
        position += 1
      }
    }
    return count
  }

  /// Letters, each after its repeat count; an upper-case letter is the last.
  private mutating func references() -> Int {
    var count = 0
    while position < bytes.count {
      let repeats = natural() ?? 1
      count += 1 + NameGrowth.exponent(of: repeats)
      let letter = current
      position += 1
      if !(97...122).contains(letter) { break }
    }
    return count
  }

  /// `3foo`; `0` and letters refer to words of earlier identifiers, `00` introduces encoded ones.
  private mutating func skipIdentifier() {
    var hasWords = false
    if current == UInt8(ascii: "0") {
      position += 1
      if current == UInt8(ascii: "0") { position += 1 } else { hasWords = true }
    }
    repeat {
      while hasWords, (97...122).contains(current) || (65...90).contains(current) {
        hasWords = (97...122).contains(current)
        position += 1
      }
      guard let length = natural(), length > 0 else { return }
      // "12_" is an index. Taking it for an identifier counts too many references, never too few.
      if current == UInt8(ascii: "_"), length > 8 { return }
      position += length
    } while hasWords && position < bytes.count
  }

  private mutating func natural() -> Int? {
    guard isDigit(current) else { return nil }
    var value = 0
    while isDigit(current) {
      value = min(value * 10 + Int(current - 48), bytes.count)
      position += 1
    }
    return value
  }

  private func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
