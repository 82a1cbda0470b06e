internal import TraceEvents
internal import TraceFormat

/// What a pass knows of each type of event in a file, which may be still growing.
struct TypeTable<Value> {
  private let file: TraceFile
  private let make: (EventSchema) -> Value?
  private var values: [Value?] = []

  /// - Parameter make: returns what is known of a type; nil for nothing.
  init(_ file: TraceFile, _ make: @escaping (EventSchema) -> Value?) {
    (self.file, self.make) = (file, make)
    learn()
  }

  /// Whether there is a type of which anything is known.
  var isEmpty: Bool { values.allSatisfy { $0 == nil } }

  /// - Parameter type: position in ``TraceFile/eventTypes``.
  subscript(type: Int) -> Value? {
    mutating get {
      if type >= values.count { learn() }
      return type < values.count ? values[type] : nil
    }
  }

  private mutating func learn() {
    values += file.eventTypes.dropFirst(values.count).map { make($0.schema) }
  }
}
