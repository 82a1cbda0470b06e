/// A function, initializer or subscript with a body, found by its keyword and its braces.
struct FunctionSpan: Equatable {
  var name: String
  /// The line of the `func` keyword, starting at 1.
  var firstLine: Int
  var lineCount: Int
}

/// Finds functions in Swift source; C is found by braces in the first column.
enum FunctionScan {
  static func swift(_ text: some StringProtocol) -> [FunctionSpan] {
    let lines = SourceText(text).lines
    return lines.indices.compactMap { index in
      guard lines[index].has(anyOf: ["func", "init"]),
        let match = lines[index].firstMatch(of: /\b(func\s+[^\s(<]+|init[?!]?(?=[(<])|deinit\b)/),
        // A call such as `self.init(…)` or `.init(…)` is not a declaration.
        lines[index][..<match.range.lowerBound].last != ".",
        let last = lastLine(of: lines, from: index, after: match.range.upperBound)
      else { return nil }
      return FunctionSpan(
        name: String(match.output.1), firstLine: index + 1, lineCount: last - index + 1)
    }
  }

  /// The line of the body's closing brace; nil for a requirement without a body.
  private static func lastLine(
    of lines: [String], from first: Int, after start: String.Index
  ) -> Int? {
    var parentheses = 0
    var braces = 0
    for index in first..<lines.count {
      let line = index == first ? lines[index][start...] : lines[index][...]
      if index > first, parentheses == 0, braces == 0, startsDeclaration(line) { return nil }
      for character in line {
        switch character {
        case "(": parentheses += 1
        case ")": parentheses -= 1
        case "{" where braces > 0 || parentheses == 0: braces += 1
        case "}" where braces > 0:
          braces -= 1
          if braces == 0 { return index }
        case "}" where parentheses == 0: return nil
        default: break
        }
      }
    }
    return nil
  }

  private static func startsDeclaration(_ line: Substring) -> Bool {
    line.contains(
      /^\s*(@\w+|public|private|package|static|mutating|func|init|var|let|associatedtype)\b/)
  }

  static func c(_ text: some StringProtocol) -> [FunctionSpan] {
    let lines = SourceText(text).lines
    var spans: [FunctionSpan] = []
    var open: Int?
    for (index, line) in lines.enumerated() {
      if line.hasPrefix("}"), let first = open {
        spans.append(
          FunctionSpan(
            name: String(lines[first].prefix(60)), firstLine: first + 1,
            lineCount: index - first + 1))
        open = nil
      } else if open == nil, line.contains("("), line.last == "{", line.first?.isWhitespace == false
      {
        open = index
      }
    }
    return spans
  }
}
