/// The place of numbers in a JSON value.
///
///     processes[name=java].pauses.p99_ns
///     functions[name~*parse*].exclusive_ns
///     requests[0]."p95.ms"
///
/// Names are separated by dots, and may be in quotes. After a list, `[3]` selects one element,
/// `[*]` all, `[key=text]` those with this text or number, and `[key~pattern]` those whose text the
/// pattern matches (see ``FramePattern``).
public struct JSONPath: Hashable, Sendable, CustomStringConvertible {
  private enum Step: Hashable, Sendable {
    case member(String)
    case element(Int)
    case all
    case equal(String, String)
    case like(String, String)
  }

  private var steps: [Step] = []
  public let description: String

  /// Parses a path.
  ///
  /// - Throws: what is wrong, as a sentence without its end.
  public init(_ text: String) throws(PathProblem) {
    description = text
    var rest = Substring(text)
    while !rest.isEmpty {
      if rest.first == "[" {
        steps.append(try Self.selector(&rest))
      } else {
        if !steps.isEmpty {
          guard rest.first == "." else { throw PathProblem(what: "a dot is missing in '\(text)'") }
          rest.removeFirst()
        }
        steps.append(.member(try Self.name(&rest, in: text)))
      }
    }
    guard !steps.isEmpty else { throw PathProblem(what: "a path is empty") }
  }

  /// A path that is not well formed.
  public struct PathProblem: Error, Hashable, Sendable {
    public var what: String
  }

  private static func name(
    _ rest: inout Substring, in text: String
  ) throws(PathProblem) -> String {
    if rest.first == "\"" {
      rest.removeFirst()
      guard let end = rest.firstIndex(of: "\"") else {
        throw PathProblem(what: "a quote has no end in '\(text)'")
      }
      defer { rest = rest[rest.index(after: end)...] }
      return String(rest[..<end])
    }
    let name = rest.prefix { $0 != "." && $0 != "[" }
    guard !name.isEmpty else { throw PathProblem(what: "a name is missing in '\(text)'") }
    rest = rest[name.endIndex...]
    return String(name)
  }

  private static func selector(_ rest: inout Substring) throws(PathProblem) -> Step {
    // A pattern may contain brackets, such as those of [jit].
    var depth = 0
    var end: Substring.Index?
    for index in rest.indices {
      if rest[index] == "[" { depth += 1 }
      if rest[index] == "]" { depth -= 1 }
      if depth == 0 {
        end = index
        break
      }
    }
    guard let end else { throw PathProblem(what: "']' is missing in '\(rest)'") }
    let inside = rest[rest.index(after: rest.startIndex)..<end]
    rest = rest[rest.index(after: end)...]
    if inside == "*" { return .all }
    if let number = Int(inside), number >= 0 { return .element(number) }
    guard let sign = inside.firstIndex(where: { $0 == "=" || $0 == "~" }), sign > inside.startIndex
    else { throw PathProblem(what: "'[\(inside)]' is neither a number nor a condition") }
    let (key, text) = (String(inside[..<sign]), String(inside[inside.index(after: sign)...]))
    guard inside[sign] == "~" else { return .equal(key, text) }
    do { _ = try FramePattern(text) } catch { throw PathProblem(what: error.description) }
    return .like(key, text)
  }

  /// Returns the values at this place.
  public func values(in value: JSONValue) -> [JSONValue] {
    var values = [value]
    for step in steps { values = Self.next(values, step) }
    return values
  }

  private static func next(_ values: [JSONValue], _ step: Step) -> [JSONValue] {
    switch step {
    case .member(let name): return values.compactMap { $0[name] }
    case .element(let number):
      return values.compactMap {
        guard let array = $0.array, number < array.count else { return nil }
        return array[number]
      }
    case .all: return values.flatMap { $0.array ?? [] }
    case .equal(let key, let text):
      return values.flatMap { $0.array ?? [] }.filter { $0[key]?.isText(text) ?? false }
    case .like(let key, let text):
      guard let pattern = try? FramePattern(text) else { return [] }
      return values.flatMap { $0.array ?? [] }
        .filter { $0[key]?.string.map(pattern.matches) ?? false }
    }
  }
}

extension JSONValue {
  /// Whether this is the text, or the number that it states.
  fileprivate func isText(_ text: String) -> Bool {
    switch self {
    case .string(let string): string == text
    case .number(let number): Double(text) == number
    case .bool(let bool): text == "\(bool)"
    case .null, .array, .object: false
    }
  }
}
