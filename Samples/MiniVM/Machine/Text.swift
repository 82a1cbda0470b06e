extension Machine {
  /// The text of a value, as shown by `print`.
  func text(of value: Value) -> String { text(of: value, depth: 0) }

  private func text(of value: Value, depth: Int) -> String {
    // The processor's default NaN has its sign bit set, which has no meaning.
    if value.isFloat { return value.float.isNaN ? "nan" : "\(value.float)" }
    if value.isInteger { return "\(value.integer)" }
    if value == .none { return "nil" }
    guard value.isReference else { return value.isTrue ? "true" : "false" }
    let object = value.object
    // Records can contain themselves.
    guard depth < 4 else { return "…" }
    switch Object.Kind(rawValue: object.kind) {
    case .string: return object.text
    case .array: return list(object.storage.values, object.count, "[", "]", depth)
    case .record:
      return shapes[object.shape].name + list(object.values, object.count, "(", ")", depth)
    case .closure: return "fn \(functions[object.shape].name)"
    case .storage, nil: return "?"
    }
  }

  private func list(
    _ values: Registers, _ count: Int, _ start: String, _ end: String, _ depth: Int
  ) -> String {
    let items = (0..<count).map { text(of: values[$0], depth: depth + 1) }
    return start + items.joined(separator: ", ") + end
  }

  func typeName(of value: Value) -> String {
    if value.isFloat { return "float" }
    if value.isInteger { return "integer" }
    if value == .none { return "nil" }
    guard value.isReference else { return "boolean" }
    switch Object.Kind(rawValue: value.object.kind) {
    case .string: return "string"
    case .array, .storage: return "array"
    case .record: return shapes[value.object.shape].name
    case .closure: return "function"
    case nil: return "?"
    }
  }
}
