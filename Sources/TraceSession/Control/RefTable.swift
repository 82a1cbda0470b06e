import TraceEvents

/// The numbers that a session's records call event types by: one for each distinct schema,
/// whichever and however many processes have it.
struct RefTable {
  /// 0 marks the records that are no events.
  static let refsMax = Int(UInt16.max)

  private var refs: [EventSchema: UInt16] = [:]

  func knows(_ schema: EventSchema) -> Bool { refs[schema] != nil }

  /// The schema's number; `isNew` the first time. Nil when all are given away.
  mutating func ref(for schema: EventSchema) -> (ref: UInt16, isNew: Bool)? {
    if let known = refs[schema] { return (known, false) }
    guard refs.count < Self.refsMax else { return nil }
    let ref = UInt16(refs.count + 1)
    refs[schema] = ref
    return (ref, true)
  }
}
