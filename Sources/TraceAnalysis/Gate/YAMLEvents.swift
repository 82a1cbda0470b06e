internal import CYAML
internal import OSStrings

/// The events of libyaml's parser for one text, without those that begin and end the text and its
/// documents.
struct YAMLEvents {
  enum Kind: Equatable {
    case scalar(String, isPlain: Bool)
    case list
    case mapping
    /// The end of a list, a mapping or the document.
    case end
  }

  struct Event {
    var kind: Kind
  }

  private let parser: UnsafeMutablePointer<yaml_parser_t>

  /// Calls `body` with the events of the text.
  static func read(
    _ bytes: [UInt8], _ body: (YAMLEvents) throws(TextProblem) -> JSONValue
  ) throws(TextProblem) -> JSONValue {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { parser.deallocate() }
    guard yaml_parser_initialize(parser) == 1 else {
      throw TextProblem(line: 1, what: "there is not enough memory to read it")
    }
    defer { yaml_parser_delete(parser) }
    return try bytes.withUnsafeBufferPointer { (text) throws(TextProblem) in
      yaml_parser_set_input_string(parser, text.baseAddress, text.count)
      return try body(YAMLEvents(parser: parser))
    }
  }

  /// A problem in the line that was read last.
  func problem(_ what: String) -> TextProblem {
    TextProblem(line: Int(clamping: parser.pointee.mark.line) + 1, what: what)
  }

  func next() throws(TextProblem) -> Event {
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxProblem() }
      defer { yaml_event_delete(&event) }
      switch event.type {
      case YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT, YAML_DOCUMENT_END_EVENT: continue
      case YAML_SCALAR_EVENT: return Event(kind: try scalar(event))
      case YAML_SEQUENCE_START_EVENT:
        let list = event.data.sequence_start
        try refuse(anchor: list.anchor, tag: list.tag, at: event)
        return Event(kind: .list)
      case YAML_MAPPING_START_EVENT:
        let mapping = event.data.mapping_start
        try refuse(anchor: mapping.anchor, tag: mapping.tag, at: event)
        return Event(kind: .mapping)
      case YAML_ALIAS_EVENT: throw problem("an alias (*name) is not supported", at: event)
      default: return Event(kind: .end)
      }
    }
  }

  private func scalar(_ event: yaml_event_t) throws(TextProblem) -> Kind {
    let scalar = event.data.scalar
    try refuse(anchor: scalar.anchor, tag: scalar.tag, at: event)
    let text = String(
      decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
    return .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
  }

  private func refuse(
    anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?, at event: yaml_event_t
  ) throws(TextProblem) {
    if anchor != nil { throw problem("an anchor (&name) is not supported", at: event) }
    if tag != nil { throw problem("a tag (!name) is not supported", at: event) }
  }

  private func problem(_ what: String, at event: yaml_event_t) -> TextProblem {
    TextProblem(line: Int(clamping: event.start_mark.line) + 1, what: what)
  }

  /// What the parser says of the text.
  private func syntaxProblem() -> TextProblem {
    let problem = parser.pointee.problem.map(String.init(osString:)) ?? "there is not enough memory"
    let line = Int(clamping: parser.pointee.problem_mark.line) + 1
    return TextProblem(line: line, what: problem)
  }
}
