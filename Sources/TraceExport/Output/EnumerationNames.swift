internal import TraceEvents

extension EventSchema {
  /// Returns the name that a field's enumeration gives to a value; the number if it has none.
  func caseName(_ value: UInt64, of field: String) -> String {
    guard let type = fields.first(where: { $0.name == field })?.type,
      case .enumeration(let schema) = type.element,
      let found = schema.cases.first(where: { $0.value == value })
    else { return "\(value)" }
    return found.name
  }
}
