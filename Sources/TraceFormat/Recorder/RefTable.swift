package import TraceEvents

/// The numbers by which a trace's records refer to event types: one for each distinct schema,
/// regardless of the number of its users.
package struct RefTable {
  /// Number 0 marks records that are not events.
  package static let refsMax = Int(UInt16.max)

  private var refs: [EventSchema: UInt16] = [:]

  package init() {}

  package func knows(_ schema: EventSchema) -> Bool { refs[schema] != nil }

  /// Returns the schema's number, and whether it is new. Returns nil if all numbers are in use.
  package mutating func ref(for schema: EventSchema) -> (ref: UInt16, isNew: Bool)? {
    if let known = refs[schema] { return (known, false) }
    guard refs.count < Self.refsMax else { return nil }
    let ref = UInt16(refs.count + 1)
    refs[schema] = ref
    return (ref, true)
  }

  /// Releases the most recently assigned number, which must not be in use.
  package mutating func takeBack(_ schema: EventSchema) { refs[schema] = nil }
}
