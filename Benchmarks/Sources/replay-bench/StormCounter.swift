import TraceEvents

/// The storm's counter event, as declared by a reader of its trace.
struct StormCounter: TraceEvent {
  var sequence: UInt64
  var worker: UInt32

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    provider: "Storm", id: eventID, name: "Counter",
    fields: [FieldSchema("sequence", .uint64), FieldSchema("worker", .uint32)])

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(sequence)
    encoder.encode(worker)
  }

  @inline(__always)
  init(from decoder: inout EventDecoder) {
    sequence = decoder.decode()
    worker = decoder.decode()
  }
}
