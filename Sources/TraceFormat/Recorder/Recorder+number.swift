package import TraceEvents

/// Events of types that are known only at run time, without a lookup of the schema for each.
extension Recorder {
  /// Returns the trace's number for a schema, defining it on first use.
  package mutating func number(of schema: EventSchema) throws(FormatError) -> UInt16 {
    try define(schema)
  }

  /// Records an event whose schema has this number; otherwise like
  /// ``append(_:_:stack:encode:)``.
  package mutating func append(
    numbered ref: UInt16, _ header: RecordHeader, stack: [UInt64] = [],
    encode: (inout EventEncoder) -> Void
  ) throws(FormatError) {
    guard record.write(encode), commit(ref, header, stack) else {
      throw failure
        ?? .unacceptableEvent(name: "\(ref)", reason: "it is too large or breaks its schema")
    }
  }

  /// The reason why nothing more is written.
  package var failure: FormatError? { writer.failure }
}
