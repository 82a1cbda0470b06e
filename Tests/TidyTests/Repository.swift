import Foundation

/// The files of this repository for the style tests.
enum Repository {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  struct File: CustomStringConvertible {
    /// Relative to the root, "Sources/TraceEvents/Level.swift".
    let path: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// Whether the file contains the bytes of `word`; faster than checking each line.
    func has(_ word: String) -> Bool { text.has(anyOf: [word]) }
    var name: String { String(path.split(separator: "/").last ?? "") }
    var description: String { path }
  }

  /// Every text file of the project: build products and hidden directories are left out.
  static let files: [File] = {
    var found: [File] = []
    let names = FileManager.default.enumerator(atPath: root.path) ?? .init()
    while let path = names.nextObject() as? String {
      let last = path.split(separator: "/").last ?? ""
      if last.hasPrefix("."), last != ".ci", last != ".swift-format", last != ".gitignore" {
        names.skipDescendants()
        continue
      }
      let url = root.appending(path: path)
      guard names.fileAttributes?[.type] as? FileAttributeType == .typeRegular,
        let bytes = try? Foundation.Data(contentsOf: url), bytes.count < 4 << 20,
        !bytes.contains(0), let text = String(data: bytes, encoding: .utf8)
      else { continue }
      found.append(File(path: path, text: text))
    }
    return found.sorted { $0.path < $1.path }
  }()

  static func files(in directories: [String] = [], ending endings: [String]) -> [File] {
    files.filter { file in
      endings.contains { file.path.hasSuffix($0) }
        && (directories.isEmpty || directories.contains { file.path.hasPrefix($0 + "/") })
    }
  }

  static let swiftFiles = files(ending: [".swift"])
  static let codeFiles = files(ending: [".swift", ".c", ".h"])
}

extension String {
  /// Whether the text contains the bytes of one of the words; much faster than a regular
  /// expression, so it is checked first.
  func has(anyOf words: [String]) -> Bool {
    withCString { text in
      words.contains { word in word.withCString { strstr(text, $0) != nil } }
    }
  }
}
