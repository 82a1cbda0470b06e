/// Reads YAML and JSON as a JSON value. libyaml parses YAML.
///
/// Scalars without quotes are null, truth values and numbers as in YAML 1.2's core schema; all
/// others are text. Anchors, aliases, tags, keys that are not text, keys that occur twice, and
/// several documents are problems, never a guess. A text that begins with `{` is read as JSON.
public enum YAMLReader {
  private static let valuesMax = 100_000
  private static let depthMax = 32

  /// Returns the value of a text.
  ///
  /// - Throws: ``TextProblem`` at the first line that cannot be read.
  public static func value(of bytes: [UInt8]) throws(TextProblem) -> JSONValue {
    let space: [UInt8] = [0x20, 0x0a, 0x0d, 0x09]
    if bytes.first(where: { !space.contains($0) }) == UInt8(ascii: "{") {
      return try JSONValue(json: bytes)
    }
    return try YAMLEvents.read(bytes) { (events) throws(TextProblem) in
      var document = Document(events: events)
      return try document.whole()
    }
  }

  /// Builds a value from the parser's events.
  private struct Document {
    let events: YAMLEvents
    private var values = 0

    init(events: YAMLEvents) { self.events = events }

    mutating func whole() throws(TextProblem) -> JSONValue {
      let first = try events.next()
      guard first.kind != .end else { throw events.problem("the text is empty") }
      let value = try value(first, depth: 0)
      guard try events.next().kind == .end else {
        throw events.problem("there is a second document")
      }
      return value
    }

    private mutating func value(
      _ event: YAMLEvents.Event, depth: Int
    ) throws(TextProblem) -> JSONValue {
      values += 1
      guard values <= valuesMax else { throw events.problem("there are too many values") }
      guard depth < depthMax else { throw events.problem("values are nested too deeply") }
      switch event.kind {
      case .scalar(let text, let isPlain): return isPlain ? Self.plain(text) : .string(text)
      case .list: return try list(depth: depth)
      case .mapping: return try mapping(depth: depth)
      case .end: throw events.problem("a value is missing")
      }
    }

    private mutating func list(depth: Int) throws(TextProblem) -> JSONValue {
      var items: [JSONValue] = []
      while true {
        let event = try events.next()
        if event.kind == .end { return .array(items) }
        items.append(try value(event, depth: depth + 1))
      }
    }

    private mutating func mapping(depth: Int) throws(TextProblem) -> JSONValue {
      var members: [JSONValue.Member] = []
      var names: Set<String> = []
      while true {
        let event = try events.next()
        if event.kind == .end { return .object(members) }
        guard case .scalar(let name, _) = event.kind else {
          throw events.problem("a key must be text")
        }
        guard names.insert(name).inserted else { throw events.problem("'\(name)' is there twice") }
        members.append(
          JSONValue.Member(name, try value(try events.next(), depth: depth + 1)))
      }
    }

    private static func plain(_ text: String) -> JSONValue {
      switch text {
      case "", "~", "null", "Null", "NULL": return .null
      case "true", "True", "TRUE": return .bool(true)
      case "false", "False", "FALSE": return .bool(false)
      default:
        guard let first = text.utf8.first, "+-.0123456789".utf8.contains(first),
          let number = Double(text), number.isFinite
        else { return .string(text) }
        return .number(number)
      }
    }
  }
}
