/// Reads the part of YAML in which rules are written: mappings, lists, and values on one line.
///
/// Anything else (anchors, tags, texts of several lines, tabs) is a problem, never a guess. A text
/// that begins with `{` is read as JSON.
public enum YAMLReader {
  private static let linesMax = 100_000
  private static let depthMax = 32

  /// Returns the value of a text.
  ///
  /// - Throws: ``TextProblem`` at the first line that cannot be read.
  public static func value(of bytes: [UInt8]) throws(TextProblem) -> JSONValue {
    let space: [UInt8] = [0x20, 0x0a, 0x0d, 0x09]
    if bytes.first(where: { !space.contains($0) }) == UInt8(ascii: "{") {
      return try JSONValue(json: bytes)
    }
    var lines = Lines()
    for (number, text) in bytes.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    ).enumerated() {
      guard number < linesMax else {
        throw TextProblem(line: number + 1, what: "there are too many lines")
      }
      try lines.add(String(decoding: text, as: UTF8.self), number: number + 1)
    }
    guard !lines.isEmpty else { throw TextProblem(line: 1, what: "the text is empty") }
    let value = try block(&lines, indent: lines.indent, depth: 0)
    guard lines.isEmpty else { throw lines.problem("the indentation fits to no line above") }
    return value
  }

  /// Lines that are left, without comments and empty ones.
  private struct Lines {
    private var lines: [(number: Int, indent: Int, text: Substring)] = []
    private var place = 0

    var isEmpty: Bool { place == lines.count }
    var indent: Int { lines[place].indent }
    var text: Substring { lines[place].text }
    var isItem: Bool { text == "-" || text.hasPrefix("- ") }

    func problem(_ what: String) -> TextProblem {
      TextProblem(line: lines[min(place, lines.count - 1)].number, what: what)
    }

    mutating func next() { place += 1 }

    /// Goes on with what follows a dash, as if it stood on a line of its own.
    mutating func enterItem() {
      let rest = lines[place].text.dropFirst()
      let text = rest.drop { $0 == " " }
      lines[place].indent += 1 + rest.count - text.count
      lines[place].text = text
    }

    mutating func add(_ line: String, number: Int) throws(TextProblem) {
      let text = Substring(line.last == "\r" ? String(line.dropLast()) : line)
      var content = Self.withoutComment(text.drop { $0 == " " })
      while content.last == " " { content.removeLast() }
      if content.isEmpty || content == "---" && lines.isEmpty { return }
      guard content.first != "\t" else {
        throw TextProblem(line: number, what: "a tab cannot indent")
      }
      lines.append((number, text.prefix { $0 == " " }.count, content))
    }

    private static func withoutComment(_ text: Substring) -> Substring {
      var quote: Character?
      var before: Character = " "
      for index in text.indices {
        let character = text[index]
        if quote != nil {
          if character == quote, before != "\\" || quote == "'" { quote = nil }
        } else if (character == "\"" || character == "'") && " :-[{,".contains(before) {
          quote = character
        } else if character == "#", before == " " {
          return text[..<index]
        }
        before = character
      }
      return text
    }
  }

  private static func block(
    _ lines: inout Lines, indent: Int, depth: Int
  ) throws(TextProblem) -> JSONValue {
    guard depth < depthMax else { throw lines.problem("values are nested too deeply") }
    if lines.isItem { return try list(&lines, indent: indent, depth: depth) }
    guard key(of: lines.text) != nil else {
      let value = try scalar(lines.text, lines)
      lines.next()
      return value
    }
    var members: [JSONValue.Member] = []
    while !lines.isEmpty, lines.indent == indent, !lines.isItem {
      guard let (name, rest) = key(of: lines.text) else {
        throw lines.problem("'key: value' is expected")
      }
      guard !members.contains(where: { $0.name == name }) else {
        throw lines.problem("'\(name)' is there twice")
      }
      var value = JSONValue.null
      if rest.isEmpty {
        lines.next()
        if !lines.isEmpty, lines.indent > indent || lines.indent == indent && lines.isItem {
          value = try block(&lines, indent: lines.indent, depth: depth + 1)
        }
      } else {
        value = try scalar(rest, lines)
        lines.next()
      }
      members.append(JSONValue.Member(name, value))
    }
    if !lines.isEmpty, lines.indent > indent {
      throw lines.problem("the indentation fits to no line above")
    }
    return .object(members)
  }

  private static func list(
    _ lines: inout Lines, indent: Int, depth: Int
  ) throws(TextProblem) -> JSONValue {
    var values: [JSONValue] = []
    while !lines.isEmpty, lines.indent == indent, lines.isItem {
      lines.enterItem()
      if lines.text.isEmpty {
        lines.next()
        guard !lines.isEmpty, lines.indent > indent else {
          values.append(.null)
          continue
        }
      }
      values.append(try block(&lines, indent: lines.indent, depth: depth + 1))
    }
    return .array(values)
  }

  /// Returns the key of a line, and the rest behind it; nil if the line is not `key: value`.
  private static func key(of text: Substring) -> (name: String, rest: Substring)? {
    if let quote = text.first, quote == "\"" || quote == "'" {
      guard let end = text.dropFirst().firstIndex(of: quote) else { return nil }
      let after = text[text.index(after: end)...]
      guard after == ":" || after.hasPrefix(": ") else { return nil }
      return (String(text.dropFirst()[..<end]), after.dropFirst().drop { $0 == " " })
    }
    for index in text.indices where text[index] == ":" {
      let after = text[text.index(after: index)...]
      if after.isEmpty || after.first == " " {
        return (String(text[..<index]), after.drop { $0 == " " })
      }
    }
    return nil
  }

  private static func scalar(_ text: Substring, _ lines: Lines) throws(TextProblem) -> JSONValue {
    switch text.first {
    case "\"", "[", "{":
      do throws(TextProblem) { return try JSONValue(json: Array(text.utf8)) } catch {
        throw lines.problem("'\(text)' is not complete, or must be in quotes")
      }
    case "'":
      guard text.count > 1, text.last == "'" else { throw lines.problem("a quote has no end") }
      return .string(String(text.dropFirst().dropLast()).replacing("''", with: "'"))
    case "&", "*", "!", "|", ">", "%", "@", "`":
      throw lines.problem("a value that begins with '\(text.prefix(1))' must be in quotes")
    default: break
    }
    switch text {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null", "~": return .null
    default:
      if let first = text.first, first.isNumber || first == "-" || first == "+" || first == ".",
        let number = Double(text), number.isFinite
      {
        return .number(number)
      }
      return .string(String(text))
    }
  }
}
