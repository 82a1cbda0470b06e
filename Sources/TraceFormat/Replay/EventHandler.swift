/// Handles each event of a subscription without calling a closure: the compiler specializes the
/// loop over a batch for the handler's type, so that a header stays in registers.
///
/// For handlers that do less work per event than a closure call takes.
@usableFromInline
package protocol EventHandler: ~Copyable {
  /// Handles one event.
  mutating func handle(_ event: borrowing RawEvent) throws
}

extension Replay {
  /// Subscribes to every event, without decoding.
  ///
  /// - Trap: `handler` must be valid until the last run has ended.
  @inlinable
  package func onAny<Handler: EventHandler & ~Copyable>(
    _ handler: UnsafeMutablePointer<Handler>
  ) {
    subscribe(nil, ReplayFilter(), .all) { batch in
      var header = EventHeader(startUnixNanoseconds: batch.startUnixNanoseconds)
      var segment = batch.clock[0]
      for index in 0..<batch.count {
        let position = Int(batch.positions[index])
        batch.fill(&header, &segment, position)
        try handler.pointee.handle(
          RawEvent(
            header: header, typeIndex: batch.typeIndex, columns: batch.columns,
            row: Int(batch.rows[position])))
      }
    }
  }
}
