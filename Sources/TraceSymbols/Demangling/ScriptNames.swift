/// Function names of V8 and CPython.
enum ScriptNames {
  /// V8's tier marks, longest first.
  private static let tiers: [(mark: String, tier: String)] = [
    ("o*", "turbofan OSR"), ("o+", "maglev OSR"), ("*'", "turbofan"), ("+'", "maglev"),
    ("*", "turbofan"), ("+", "maglev"), ("^", "baseline"), ("~", "interpreter"),
  ]
  private static let functions = [
    "JS:", "LazyCompile:", "Function:", "Script:", "Eval:", "Callback:",
  ]
  private static let machinery = [
    ("Builtin:", "builtin"), ("BytecodeHandler:", "bytecode handler"), ("Stub:", "stub"),
    ("Wasm:", "wasm"),
  ]

  static func displayName(_ raw: String) -> DisplayName? {
    if raw.hasPrefix("py::") { return python(raw.dropFirst(4)) }
    if let prefix = functions.first(where: raw.hasPrefix) { return function(raw, prefix) }
    for (prefix, tier) in machinery where raw.hasPrefix(prefix) {
      return DisplayName(String(raw.dropFirst(prefix.count)), tier: tier)
    }
    // An expression in the program is not a function name; its mark is kept.
    return raw.hasPrefix("RegExp:") ? DisplayName(raw, tier: "regexp") : nil
  }

  /// `JS:*fib file.js:1:13`; an anonymous function begins with the space.
  private static func function(_ raw: String, _ prefix: String) -> DisplayName {
    var rest = raw.dropFirst(prefix.count)
    let tier = tiers.first { rest.hasPrefix($0.mark) }
    rest = rest.dropFirst(tier?.mark.count ?? 0)
    // Script and Eval denote a file's top-level code, which has no other name.
    let unnamed =
      switch prefix {
      case "Script:": "(script)"
      case "Eval:": "(top level)"
      default: "(anonymous)"
      }
    let display = rest.isEmpty ? unnamed : rest.hasPrefix(" ") ? unnamed + rest : String(rest)
    return DisplayName(display, tier: tier?.tier)
  }

  /// `qualname:file`; a file name may contain colons, a qualname cannot.
  private static func python(_ rest: Substring) -> DisplayName {
    guard let colon = rest.firstIndex(of: ":") else { return DisplayName(String(rest)) }
    return DisplayName("\(rest[..<colon]) \(rest[rest.index(after: colon)...])")
  }
}
