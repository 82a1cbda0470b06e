import Testing

/// The sources contain no meaningless names, no to-do notes, and no paths of a specific machine.
@Suite struct NameTests {
  /// Meaningless endings of type names, and what to use instead.
  static let bannedEndings: [(word: String, instead: String)] = [
    ("Manager", "what it owns or does: Registry, Pool, Session, Rendezvous"),
    ("Helper", "the noun it works on, as an extension of that type"),
    ("Helpers", "the noun it works on, as an extension of that type"),
    ("Utils", "the noun it works on, as an extension of that type"),
    ("Util", "the noun it works on, as an extension of that type"),
    ("Data", "what the bytes are: Record, Block, Column, Payload"),
    ("Info", "what is known: Description, Record, Schema, Summary"),
    ("Impl", "what makes this one different from the others"),
  ]

  static func bannedNames(in source: SourceText) -> [(line: Int, name: String, instead: String)] {
    let declaration = /\b(?:struct|class|enum|protocol|actor|typealias)\s+(\w+)/
    let words = ["struct", "class", "enum", "protocol", "actor", "typealias"]
    let lines = source.lines.enumerated().filter { $0.element.has(anyOf: words) }
    return lines.flatMap { index, line in
      line.matches(of: declaration).compactMap { match in
        let name = String(match.output.1)
        return bannedEndings.first { name.hasSuffix($0.word) }
          .map { (index + 1, name, $0.instead) }
      }
    }
  }

  @Test func typeNamesSaySomething() {
    for file in Repository.codeFiles {
      for found in Self.bannedNames(in: SourceText(file.text)) {
        Issue.record("\(file):\(found.line) '\(found.name)': name \(found.instead)")
      }
    }
    let sample = SourceText("final class SessionManager {}\nstruct Metadata {}\nlet x: Data")
    #expect(Self.bannedNames(in: sample).map(\.name) == ["SessionManager"])
  }

  @Test func nothingIsLeftUndone() {
    // Concatenated, so that this file does not match.
    let marks = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    for file in Repository.files {
      for mark in marks where file.has(mark) {
        for (index, line) in file.lines.enumerated() where Self.has(word: mark, in: line) {
          Issue.record("\(file):\(index + 1) contains \(mark): do it, or open an issue")
        }
      }
    }
  }

  static func has(word: String, in line: Substring) -> Bool {
    line.ranges(of: word).contains { range in
      line[..<range.lowerBound].last?.isLetter != true
        && line[range.upperBound...].first?.isLetter != true
    }
  }

  @Test func noPathOfOneMachine() {
    let homes = ["wo" + "rk", "ro" + "ot", "ho" + "me"]
    for file in Repository.files {
      for home in homes where file.has("/\(home)/") {
        for (index, line) in file.lines.enumerated()
        where Self.names(directory: home, in: line) {
          Issue.record("\(file):\(index + 1) contains a directory of a specific machine: \(line)")
        }
      }
    }
    let home = homes[2]
    #expect(Self.names(directory: home, in: "cd /\(home)/me"))
    #expect(!Self.names(directory: home, in: "see docs/home/page"))
  }

  /// Whether the line has an absolute path that begins with this directory.
  static func names(directory: String, in line: Substring) -> Bool {
    line.ranges(of: "/\(directory)/").contains { range in
      guard range.lowerBound > line.startIndex else { return true }
      let before = line[line.index(before: range.lowerBound)]
      return !before.isLetter && !before.isNumber && !"._-}*>/".contains(before)
    }
  }
}
