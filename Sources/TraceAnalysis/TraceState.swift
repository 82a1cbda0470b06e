internal import TraceEvents
internal import TraceFormat

// What passes state about their trace, beside what they found.

extension PartialReason {
  /// Returns the reasons why a report of a trace is partial.
  static func reasons(of file: TraceFile) -> [PartialReason] {
    var reasons: [PartialReason] = []
    if !file.damage.isEmpty {
      let bytes = file.damage.reduce(UInt64(0)) { $0 &+ $1.byteCount }
      reasons.append(.damaged(bytes: bytes, places: file.damage.count))
    }
    if !file.isComplete {
      let completeTo_ns = file.completeTicks.map(file.timestamp(ofTicks:))
      reasons.append(
        .unfinished(isBeingWritten: file.isBeingWritten, completeTo_ns: completeTo_ns))
    }
    return reasons
  }
}

extension NothingToReport {
  /// Returns the reason why a selection of a trace has no events of a kind, of which `schema` is
  /// the most important type.
  static func nothing(
    _ what: String, keyword: String, _ schema: EventSchema, _ file: TraceFile,
    _ selection: ReportSelection
  ) -> NothingToReport {
    let isThere = file.eventTypes.contains {
      $0.schema.provider == schema.provider && $0.schema.id == schema.id && $0.count > 0
    }
    return selection.isPartial && isThere
      ? .noneSelected(what: what) : .noEvents(what: what, keyword: keyword)
  }
}
