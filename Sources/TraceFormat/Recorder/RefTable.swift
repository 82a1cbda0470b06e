package import TraceEvents

/// The numbers that a trace's records call event types by: one for each distinct schema, whoever
/// and however many have it.
package struct RefTable {
  /// 0 marks the records that are no events.
  package static let refsMax = Int(UInt16.max)

  private var refs: [EventSchema: UInt16] = [:]

  package init() {}

  package func knows(_ schema: EventSchema) -> Bool { refs[schema] != nil }

  /// The schema's number; `isNew` the first time. Nil when all are given away.
  package mutating func ref(for schema: EventSchema) -> (ref: UInt16, isNew: Bool)? {
    if let known = refs[schema] { return (known, false) }
    guard refs.count < Self.refsMax else { return nil }
    let ref = UInt16(refs.count + 1)
    refs[schema] = ref
    return (ref, true)
  }

  /// Takes back the number that was given last: nothing is called by it.
  package mutating func takeBack(_ schema: EventSchema) { refs[schema] = nil }
}
