/// Swift or C source with comments and the insides of string literals blanked out, line by line the
/// same length, so that braces and words that remain are code.
struct SourceText {
  private(set) var lines: [String]

  init(_ text: some StringProtocol) {
    var scanner = Scanner(text: Array(text.utf8))
    scanner.scanCode(until: nil)
    lines = String(decoding: scanner.output, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  private struct Scanner {
    let text: [UInt8]
    var output: [UInt8] = []
    var position = 0

    init(text: [UInt8]) {
      self.text = text
      output.reserveCapacity(text.count)
    }

    func sees(_ token: StaticString) -> Bool {
      position + token.utf8CodeUnitCount <= text.count
        && text[position] == token.utf8Start[0]
        && (0..<token.utf8CodeUnitCount).allSatisfy { text[position + $0] == token.utf8Start[$0] }
    }

    mutating func keep() {
      output.append(text[position])
      position += 1
    }

    mutating func blank(_ count: Int = 1) {
      for _ in 0..<count where position < text.count {
        output.append(text[position] == UInt8(ascii: "\n") ? UInt8(ascii: "\n") : UInt8(ascii: " "))
        position += 1
      }
    }

    /// Copies code; with `closer`, ends after the parenthesis that closes an interpolation.
    mutating func scanCode(until closer: UInt8?) {
      var depth = 0
      while position < text.count {
        if sees("//") {
          while position < text.count, text[position] != UInt8(ascii: "\n") { blank() }
        } else if sees("/*") {
          scanComment()
        } else if sees("#\"") {
          blank()
          scanString(closing: sees("\"\"\"") ? "\"\"\"#" : "\"#", raw: true)
        } else if sees("\"\"\"") {
          scanString(closing: "\"\"\"", raw: false)
        } else if sees("\"") {
          scanString(closing: "\"", raw: false)
        } else {
          if text[position] == UInt8(ascii: "(") { depth += 1 }
          if text[position] == closer {
            if depth == 0 { return blank() }
            depth -= 1
          }
          keep()
        }
      }
    }

    mutating func scanComment() {
      var depth = 0
      while position < text.count {
        if sees("/*") {
          depth += 1
          blank(2)
        } else if sees("*/") {
          depth -= 1
          blank(2)
          if depth == 0 { return }
        } else {
          blank()
        }
      }
    }

    mutating func scanString(closing: StaticString, raw: Bool) {
      blank(closing.utf8CodeUnitCount - (raw ? 1 : 0))
      while position < text.count {
        if sees(closing) { return blank(closing.utf8CodeUnitCount) }
        if !raw, sees("\\(") {
          blank(2)
          scanCode(until: UInt8(ascii: ")"))
        } else {
          blank(!raw && text[position] == UInt8(ascii: "\\") ? 2 : 1)
        }
      }
    }
  }
}
