import Testing

/// Strings of the operating system are bytes. They are converted to Swift strings and back only in
/// `OSStrings`.
@Suite struct OSStringsTests {
  /// Calls that take or return a path, a name or a variable.
  private static let calls: [Substring] = [
    "openat", "fopen", "opendir", "lstat", "fstatat", "readlink", "access", "unlink", "unlinkat",
    "linkat", "rename", "renameat", "mkdir", "rmdir", "chmod", "chdir", "realpath",
    "inotify_add_watch", "statfs", "getenv", "setenv",
  ]

  /// Exempt: the system's messages, which are always ASCII, and names without a path.
  private static let exempt = [
    "strerror", "open(\"/proc/self/", "open(\"/sys/", "open(\"/dev/", "opendir(\"/proc/self/",
    "(\".\", ", "linkat(fd, draft, fd, name", "String(cString: buffer.baseAddress!)",
  ]

  static func finds(in text: String) -> [Int] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .filter { mayCall($0.element) && !exempt.contains(where: $0.element.contains) }
      .filter { _, line in
        let code = SourceText(line).lines.joined()
        return !code.contains("func ")
          && (code.contains("String(cString:") || code.contains("CommandLine.arguments")
            || calls(in: code))
      }.map { $0.offset + 1 }
  }

  /// Whether the line has such a word before a parenthesis, or one of the texts; a fast check.
  private static func mayCall(_ line: Substring) -> Bool {
    var word: [UInt8] = []
    for byte in line.utf8 {
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "."):
        if words.contains(word) { return true }
        word = []
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "_"):
        word.append(byte)
      default: word = []
      }
    }
    return false
  }

  private static let words = Set(
    (calls + ["open", "stat", "statvfs", "String", "CommandLine"]).map { Array($0.utf8) })

  /// Method calls are excluded, except Glibc's. `open` and `stat` have other meanings, too, which
  /// are distinguished by their arguments.
  private static func calls(in code: String) -> Bool {
    let call = /(?:^|Glibc\.|[^.\w])(\w+)\(([^)]*)/
    return code.matches(of: call).contains { match in
      switch match.output.1 {
      case "open": match.output.2.contains("O_")
      case "stat", "statvfs": match.output.2.contains("&")
      case let name: calls.contains(name)
      }
    }
  }

  @Test func systemStringsPassThroughOneRoom() {
    let files = Repository.files(in: ["Sources"], ending: [".swift"])
    #expect(files.contains { $0.path.hasPrefix("Sources/OSStrings/") })
    for file in files where !file.path.hasPrefix("Sources/OSStrings/") {
      for line in Self.finds(in: file.text) {
        Issue.record(
          "\(file):\(line) takes or gives a system string: use OSPath, String(osString:)")
      }
    }
  }

  @Test func callsAreFound() {
    let source = """
      let a = open(path, O_RDONLY)
      let b = Glibc.open(path, O_RDONLY | O_CLOEXEC)
      let c = OSPath.open(path, O_RDONLY)
      if stat(path, &status) == 0 {}
      var status = stat()
      let d = getenv("HOME").map { String(cString: $0) }
      let e = String(cString: strerror(code))
      // readlink(path)
      func open(_ path: String) {}
      let f = CommandLine.arguments
      """
    #expect(Self.finds(in: source) == [1, 2, 4, 6, 10])
  }
}
