import TraceControl
import TraceEvents

// What processes announce, by the memory that it takes: about, and rather too much.

extension String {
  /// Beside the value itself; short strings lie within.
  fileprivate var memoryBytes: Int { utf8.count > 15 ? 48 + utf8.count : 0 }
}

extension Hello {
  var memoryBytes: Int {
    512 + executable.memoryBytes
      + arguments.reduce(0) { $0 + MemoryLayout<String>.stride + $1.memoryBytes }
  }
}

extension EventSchema {
  var memoryBytes: Int {
    MemoryLayout<EventSchema>.stride + 64 + name.memoryBytes
      + fields.reduce(0) {
        $0 + MemoryLayout<FieldSchema>.stride + $1.name.memoryBytes + $1.type.memoryBytes
      }
  }

  /// What the trace's writer has for it until the session ends, the table of its number included.
  var definitionBytes: Int { 2 * memoryBytes + 2048 }
}

extension ProviderSchema {
  /// Without its events.
  var headingMemoryBytes: Int {
    256 + name.memoryBytes
      + keywords.reduce(0) { $0 + MemoryLayout<KeywordSchema>.stride + $1.name.memoryBytes }
  }
}

extension FieldType {
  fileprivate var memoryBytes: Int {
    guard case .enumeration(let schema) = element else { return 0 }
    return 96 + schema.name.memoryBytes
      + schema.cases.reduce(0) { $0 + MemoryLayout<EnumCase>.stride + $1.name.memoryBytes }
  }
}
