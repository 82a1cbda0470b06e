import RegexBuilder
import Testing

/// Public types and functions have doc comments.
@Suite struct DocumentationTests {
  /// Functions documented by a protocol, whose comment would only repeat it.
  static let witnesses: Set<String> = [
    "encode", "decode", "decodeArray", "hash", "next", "makeIterator", "makeAsyncIterator", "run",
    "validate", "index",
    "<", "==",
  ]

  static func undocumented(in text: String) -> [(line: Int, name: String)] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let declaration = Regex {
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public|open)\s+/
      /(?:(?:final|static|mutating|consuming|borrowing|nonisolated|indirect)\s+)*/
      /(?:struct|class|enum|protocol|actor|typealias|func)\s+/
      Capture(/[^\s(<:{]+/)
    }
    // A group of overloads is documented once, at the first one.
    var documented = witnesses
    return lines.indices.compactMap { index in
      guard let match = lines[index].firstMatch(of: declaration),
        !documented.contains(String(match.output.1))
      else { return nil }
      var above = index - 1
      // Attributes are between a declaration and its comment.
      while above >= 0, lines[above].contains(/^\s*@/) { above -= 1 }
      let comment = above >= 0 ? lines[above].drop { $0 == " " } : ""
      if comment.hasPrefix("///") {
        documented.insert(String(match.output.1))
        return nil
      }
      return (index + 1, String(match.output.1))
    }
  }

  @Test func publicDeclarationsAreDocumented() {
    for file in Repository.files(in: ["Sources"], ending: [".swift"]) {
      for found in Self.undocumented(in: file.text) {
        Issue.record("\(file):\(found.line) '\(found.name)' is public and has no doc comment")
      }
    }
  }

  @Test func gapsAreFound() {
    let source = """
      /// Has one.
      @frozen
      public struct A {}
      public final class B {
        @inlinable public static func f() {}
        /// Documented at its head.
        public func h() {}
        public func h(x: Int) {}
        func g() {}
      }
      """
    #expect(Self.undocumented(in: source).map(\.name) == ["B", "f"])
  }
}
