/// Combines all frames that match a pattern into one, like PerfView's group patterns.
///
/// `{%}!->module $1` makes each module one frame. `node!=>node` does the same, but the frame
/// through which the module is entered keeps its name. `mine!->` leaves these frames ungrouped;
/// later groups do not apply to them.
public struct FrameGroup: Sendable {
  public var pattern: FramePattern
  /// Name of the group; `$1` stands for the text matched by the pattern's first braces, `$&` for
  /// the whole match.
  public var template: String
  /// Whether the frames of the group are named after the frame through which it was entered.
  public var isEntry: Bool

  /// Parses `PATTERN->NAME` or `PATTERN=>NAME`. Without an arrow, the group is named after the text
  /// that the pattern matches.
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

  /// Returns the name of the group for a frame of this name; nil if the frame is not in the group.
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
