import Testing

/// Limits on the length of lines, functions and files.
@Suite struct LengthTests {
  static let columnLimit = 100
  static let fileLineLimit = 400
  static let functionLineLimit = 60

  /// Files that may be longer, each with the reason. Keep it empty if you can.
  static let longFiles: [String: String] = [:]

  @Test func linesFitInColumns() {
    for file in Repository.codeFiles {
      // A line has no more columns than bytes, which are cheaper to count.
      for (index, line) in file.lines.enumerated()
      where line.utf8.count > Self.columnLimit && line.count > Self.columnLimit {
        // URLs cannot be wrapped.
        if line.contains("https://") { continue }
        Issue.record("\(file):\(index + 1) has \(line.count) columns; limit \(Self.columnLimit)")
      }
    }
  }

  @Test func filesAreShort() {
    for file in Repository.codeFiles where Self.longFiles[file.path] == nil {
      let count = file.lines.count - 1
      if count > Self.fileLineLimit {
        Issue.record("\(file) has \(count) lines; limit \(Self.fileLineLimit): split it by concern")
      }
    }
  }

  @Test func exceptionsAreStillNeeded() {
    for (path, _) in Self.longFiles {
      let count = Repository.files.first { $0.path == path }?.lines.count ?? 0
      #expect(count > Self.fileLineLimit, "\(path) does not need an exception any more")
    }
  }

  @Test func functionsFitAScreen() {
    for file in Repository.codeFiles {
      let spans =
        file.path.hasSuffix(".swift") ? FunctionScan.swift(file.text) : FunctionScan.c(file.text)
      for span in spans where span.lineCount > Self.functionLineLimit {
        Issue.record("\(file):\(span.firstLine) '\(span.name)' has \(span.lineCount) lines")
      }
    }
  }

  @Test func scanFindsFunctions() {
    let source = """
      protocol P {
        func required(_ body: () -> Void)
        init(x: Int)
      }
      struct S: P {
        func short() { print("}") }
        init(
          x: Int = { 3 }()
        ) {
          // a brace in a comment }
          self.init(y: "\\(x.map { "}" })")
        }
      }
      """
    #expect(
      FunctionScan.swift(source) == [
        FunctionSpan(name: "func short", firstLine: 6, lineCount: 1),
        FunctionSpan(name: "init", firstLine: 7, lineCount: 6),
      ])
    let c = "static int f(int x) {\n  if (x) {\n    return 1;\n  }\n  return 2;\n}\n"
    #expect(FunctionScan.c(c).map(\.lineCount) == [6])
  }
}
