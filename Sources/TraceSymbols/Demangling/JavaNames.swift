/// Java method names, as in class files and as printed by the JVM.
enum JavaNames {
  /// Converts `Ljava/util/HashMap;.put(ILjava/lang/Object;)V` to `java.util.HashMap.put(int,
  /// Object)`. Also accepts it without the dot, with `::` in its place, without the signature, and
  /// in `jcmd`'s form, `void java.lang.String.<init>(byte[], byte)`. Nil for other names.
  static func displayName(_ raw: String) -> String? { descriptor(raw) ?? printed(raw) }

  private static func descriptor(_ raw: String) -> String? {
    guard raw.hasPrefix("L"), let end = raw.firstIndex(of: ";") else { return nil }
    let name = raw[raw.index(after: raw.startIndex)..<end]
    guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 32 && $0 != UInt8(ascii: "(") })
    else { return nil }
    var rest = raw[raw.index(after: end)...]
    if rest.hasPrefix("::") {
      rest = rest.dropFirst(2)
    } else if rest.first == "." {
      rest.removeFirst()
    }
    let method = rest.prefix { $0 != "(" }
    guard !method.isEmpty else { return nil }
    rest = rest.dropFirst(method.count)
    let owner = String(name.map { $0 == "/" ? "." : $0 })
    if rest.isEmpty { return "\(owner).\(method)" }
    guard let parameters = parameters(rest.dropFirst()) else { return nil }
    return "\(owner).\(method)(\(parameters.joined(separator: ", ")))"
  }

  /// Up to the closing parenthesis; the return type does not distinguish methods.
  private static func parameters(_ signature: Substring) -> [String]? {
    var rest = signature
    var types: [String] = []
    while let first = rest.first, first != ")" {
      let dimensions = rest.prefix { $0 == "[" }.count
      rest = rest.dropFirst(dimensions)
      guard dimensions <= 255, let type = type(&rest) else { return nil }
      types.append(type + String(repeating: "[]", count: dimensions))
    }
    return rest.first == ")" ? types : nil
  }

  private static func type(_ rest: inout Substring) -> String? {
    switch rest.popFirst() {
    case "B": return "byte"
    case "C": return "char"
    case "D": return "double"
    case "F": return "float"
    case "I": return "int"
    case "J": return "long"
    case "S": return "short"
    case "Z": return "boolean"
    case "L":
      guard let end = rest.firstIndex(of: ";") else { return nil }
      defer { rest = rest[rest.index(after: end)...] }
      return simple(rest[..<end], separator: "/")
    default: return nil
    }
  }

  private static func simple(_ name: Substring, separator: Character) -> String {
    String(name.lastIndex(of: separator).map { name[name.index(after: $0)...] } ?? name)
  }

  /// The form with a type, a space, a class and method with dots, and parameter types in
  /// parentheses.
  private static func printed(_ raw: String) -> String? {
    guard raw.hasSuffix(")"), let open = raw.firstIndex(of: "("),
      let space = raw[..<open].firstIndex(of: " ")
    else { return nil }
    let returned = raw[..<space]
    let method = raw[raw.index(after: space)..<open]
    guard isName(returned), isName(method), method.contains(".") else { return nil }
    let list = raw[raw.index(after: open)...].dropLast()
    guard list.isEmpty || list.split(separator: ", ").allSatisfy(isName) else { return nil }
    let types = list.split(separator: ", ").map { simple($0, separator: ".") }
    return "\(method)(\(types.joined(separator: ", ")))"
  }

  private static func isName(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.allSatisfy { $0.isLetter || $0.isNumber || "._$[]<>/-".contains($0) }
  }
}
