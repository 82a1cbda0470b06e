/// Shows all frames that a pattern fits as one, as PerfView's group patterns do.
///
/// `{%}!->module $1`: each module is one frame. `node!=>node`: the same, but a frame through which
/// the module is entered keeps its name. `mine!->`: these frames are in no later group.
public struct FrameGroup: Sendable {
  public var pattern: FramePattern
  /// The group's name; `$1` stands for what the pattern's first braces fit, `$&` for all.
  public var template: String
  /// Frames are called by how the group was entered.
  public var isEntry: Bool

  /// `PATTERN->NAME` or `PATTERN=>NAME`; without an arrow, what the pattern fits is the name.
  public init(_ text: String) throws(FramePatternError) {
    let utf8 = Array(text.utf8)
    let arrow = utf8.indices.dropLast().first { index in
      (utf8[index] == UInt8(ascii: "-") || utf8[index] == UInt8(ascii: "="))
        && utf8[index + 1] == UInt8(ascii: ">")
    }
    guard let arrow else {
      pattern = try FramePattern(text)
      template = "$&"
      isEntry = false
      return
    }
    pattern = try FramePattern(String(decoding: utf8[..<arrow], as: UTF8.self))
    let name = utf8[(arrow + 2)...]
    template = String(decoding: name.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
    isEntry = utf8[arrow] == UInt8(ascii: "=")
  }

  /// The name of the group that a frame of this name falls into; nil when it does not.
  func name(for frame: String) -> String? {
    let bytes = Array(frame.utf8)
    guard let match = pattern.match(bytes) else { return nil }
    var name: [UInt8] = []
    var rest = Array(template.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "$"), let next = rest.first else {
        name.append(byte)
        continue
      }
      var number: Int?
      if next == UInt8(ascii: "&") { number = 0 }
      if next >= UInt8(ascii: "1"), next <= UInt8(ascii: "9") { number = Int(next) - 0x30 }
      guard let number else {
        name.append(byte)
        continue
      }
      rest.removeFirst()
      if number < match.captures.count, let range = match.captures[number] {
        name += bytes[range]
      }
    }
    return String(decoding: name, as: UTF8.self)
  }
}
