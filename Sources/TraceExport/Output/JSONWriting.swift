// JSON (RFC 8259) is written key by key directly into the buffer, so memory does not grow with the
// report.

extension OutputBuffer {
  /// Writes one object on its own line, such as a whole report.
  public mutating func writeJSON(_ body: (inout OutputBuffer) -> Void) {
    needsComma = false
    object(body)
    append("\n")
  }

  /// Writes a key whose value is an object with the contents written by `body`.
  public mutating func field(_ key: StaticString, _ body: (inout OutputBuffer) -> Void) {
    writeKey(key)
    object(body)
  }

  /// Writes a key whose value is an array with one object per element.
  public mutating func field<Elements: Sequence>(
    _ key: StaticString, each elements: Elements,
    _ body: (inout OutputBuffer, Elements.Element) -> Void
  ) {
    writeKey(key)
    append("[")
    needsComma = false
    for element in elements {
      if needsComma { append(",") }
      object { body(&$0, element) }
    }
    append("]")
    needsComma = true
  }

  /// Writes a key with a string, or null for nil.
  public mutating func field(_ key: StaticString, _ value: String?) {
    writeKey(key)
    if let value { write(string: value) } else { append("null") }
    needsComma = true
  }

  /// Writes a key with an array of strings.
  public mutating func field(_ key: StaticString, _ values: [String]) {
    writeKey(key)
    append("[")
    for (index, value) in values.enumerated() {
      if index > 0 { append(",") }
      write(string: value)
    }
    append("]")
    needsComma = true
  }

  /// Writes a key with an array of integers.
  public mutating func field(_ key: StaticString, numbers: [some BinaryInteger]) {
    writeKey(key)
    append("[")
    for (index, number) in numbers.enumerated() {
      if index > 0 { append(",") }
      append(text: "\(number)")
    }
    append("]")
    needsComma = true
  }

  /// Writes a key with an integer, or null for nil.
  public mutating func field(_ key: StaticString, _ value: (some BinaryInteger)?) {
    writeKey(key)
    if let value { append(text: "\(value)") } else { append("null") }
    needsComma = true
  }

  /// Writes a key with a number, or null for nil and for what JSON cannot express.
  public mutating func field(_ key: StaticString, _ value: Double?) {
    writeKey(key)
    if let value, value.isFinite { append(text: "\(value)") } else { append("null") }
    needsComma = true
  }

  /// Writes a key with true or false.
  public mutating func field(_ key: StaticString, _ value: Bool) {
    writeKey(key)
    append(value ? "true" : "false")
    needsComma = true
  }

  private mutating func object(_ body: (inout OutputBuffer) -> Void) {
    append("{")
    needsComma = false
    body(&self)
    append("}")
    needsComma = true
  }

  private mutating func writeKey(_ key: StaticString) {
    if needsComma { append(",") }
    append("\"")
    append(key)
    append("\":")
  }

  private mutating func write(string: String) {
    append("\"")
    append(escaping: string, .json)
    append("\"")
  }
}
