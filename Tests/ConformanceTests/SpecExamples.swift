import Foundation

/// The hex examples of SPEC.md: fenced blocks that begin with ```` ```hex name ````.
struct SpecExamples {
  struct Example {
    var name: String
    var bytes: [UInt8]
    /// The values after `# values:`, if there is such a line.
    var values: [UInt64]
  }

  let examples: [Example]

  init() throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("SPEC.md"), encoding: .utf8)
    var found: [Example] = []
    var current: Example?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```hex ") {
        current = Example(name: String(line.dropFirst(7)), bytes: [], values: [])
      } else if line == "```", let example = current {
        found.append(example)
        current = nil
      } else if current != nil {
        if line.hasPrefix("# values:") { current!.values = Self.values(line.dropFirst(9)) }
        current!.bytes += Self.bytes(line)
      }
    }
    examples = found
  }

  func bytes(_ name: String) -> [UInt8]? { examples.first { $0.name == name }?.bytes }

  /// The pairs of hex digits before a `#`.
  private static func bytes(_ line: Substring) -> [UInt8] {
    line.prefix { $0 != "#" }.split(separator: " ").compactMap { UInt8($0, radix: 16) }
  }

  /// Numbers up to a bracket; negative ones as 64 bits.
  private static func values(_ text: Substring) -> [UInt64] {
    text.prefix { $0 != "(" }.split(separator: " ").compactMap { word in
      UInt64(word) ?? Int64(word).map { UInt64(bitPattern: $0) }
    }
  }
}
