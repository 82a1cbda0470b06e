import TraceControl
import TraceEvents

// Estimates of the memory that announcements take, rather too high than too low.

extension String {
  /// The memory besides the value; short strings are stored in the value.
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

  /// The memory of the trace writer for this type until the session ends, including the table of
  /// its number.
  var definitionBytes: Int { 2 * memoryBytes + 2048 }
}

extension ProviderSchema {
  /// The memory without its events.
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
