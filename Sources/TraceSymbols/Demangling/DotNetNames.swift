/// Method names as .NET writes them into perf maps and jitdumps.
enum DotNetNames {
  private static let tiers: Set<Substring> = [
    "PreJIT", "ReadyToRun", "MinOptJitted", "Optimized", "QuickJitted", "OptimizedTier1",
    "OptimizedTier1OSR", "Tier0", "Tier1", "InstrumentedTier", "InstrumentedTier0",
    "InstrumentedTier1", "Tier0Instrumented", "Tier1Instrumented", "Unknown",
  ]

  /// Converts `instance void [System.Private.CoreLib] System.Foo::Bar(int32)[OptimizedTier1]` to
  /// `System.Foo.Bar(int32)` and its tier; nil for other names.
  static func displayName(_ raw: String) -> DisplayName? {
    if let stub = stub(raw) { return stub }
    // Checked on the bytes first, because most names are not .NET's.
    guard raw.utf8.contains(UInt8(ascii: ":")) else { return nil }
    var rest = raw[...]
    var tier: String?
    if rest.last == "]", let open = rest.lastIndex(of: "[") {
      let mark = rest[rest.index(after: open)...].dropLast()
      if tiers.contains(mark) {
        tier = String(mark)
        rest = rest[..<open]
      }
    }
    // Other languages use "::" and parentheses, too; an assembly or a tier identifies .NET names.
    guard let method = method(rest), tier != nil || rest.contains("] ") else { return nil }
    return DisplayName(method, tier: tier)
  }

  /// `stub<123> AllocateTemporaryEntryPoints<…>`: the runtime's code.
  private static func stub(_ raw: String) -> DisplayName? {
    guard raw.hasPrefix("stub<"), let close = raw.firstIndex(of: ">"),
      raw[..<close].dropFirst(5).allSatisfy(\.isNumber)
    else { return nil }
    let name = raw[raw.index(after: close)...].drop { $0 == " " }
    return DisplayName(name.isEmpty ? raw : String(name), tier: "stub")
  }

  private static func method(_ text: Substring) -> String? {
    guard let separator = lastSeparator(text) else { return nil }
    // Before the class: the return type, and the assembly in brackets, followed by a space.
    let before = text[..<separator.lowerBound]
    let start = classStart(before)
    let after = text[separator.upperBound...]
    let name = after.prefix { $0 != "(" }
    guard !name.isEmpty else { return nil }
    let parameters = after.dropFirst(name.count)
    return "\(before[start...]).\(name)\(withoutAssemblies(parameters))"
  }

  /// The "::" before the method's name; parameters do not contain "::".
  private static func lastSeparator(_ text: Substring) -> Range<Substring.Index>? {
    let head = text.prefix { $0 != "(" }
    var found: Range<Substring.Index>?
    var index = head.startIndex
    while index < head.endIndex {
      let next = head.index(after: index)
      if head[index] == ":", next < head.endIndex, head[next] == ":" {
        found = index..<head.index(after: next)
      }
      index = next
    }
    return found
  }

  /// The position after the last space outside brackets.
  private static func classStart(_ text: Substring) -> Substring.Index {
    var depth = 0
    var start = text.startIndex
    for index in text.indices {
      switch text[index] {
      case "[", "<": depth += 1
      case "]", ">": depth = max(depth - 1, 0)
      case " " where depth == 0: start = text.index(after: index)
      default: break
      }
    }
    return start
  }

  /// Converts `(class [System.Runtime]System.String, int32)` to `(System.String, int32)`.
  private static func withoutAssemblies(_ parameters: Substring) -> String {
    var result = ""
    var rest = parameters
    while let first = rest.first {
      if first == "[", let close = rest.firstIndex(of: "]"),
        close > rest.index(after: rest.startIndex),
        rest[rest.index(after: rest.startIndex)..<close].allSatisfy({ $0 != "," })
      {
        rest = rest[rest.index(after: close)...]
      } else if rest.hasPrefix("class ") {
        rest = rest.dropFirst(6)
      } else if rest.hasPrefix("valuetype ") {
        rest = rest.dropFirst(10)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}
