package import TraceEvents

/// How events of a type delimit activities.
package struct ActivityType {
  /// The provider, and the event's name without its ending.
  package let kind: ActivityKind
  package let isStart: Bool
  /// Position and type of the field that identifies the activity; nil if the thread does.
  package let id: (field: Int, type: ElementType)?
  /// Position of the field that names the activity.
  package let name: Int?

  /// Nil if events of this type neither start nor stop an activity.
  package init?(_ schema: EventSchema) {
    switch schema.opcode {
    case .start: isStart = true
    case .stop: isStart = false
    default: return nil
    }
    kind = ActivityKind(provider: schema.provider, name: Self.stem(schema.name))
    let position = schema.fields.firstIndex { $0.hint == .activity && $0.type.isOneValue }
    id = position.map { ($0, schema.fields[$0].type.element) }
    name = schema.fields.firstIndex { $0.hint == .activityName && $0.type == .one(.string) }
  }

  /// The endings by which the names of both events differ.
  private static let endings = [
    "started", "stopped", "start", "stop", "begin", "begun", "end", "ended", "done",
  ]

  /// Returns the name without such an ending: `Request` for `RequestStart`.
  static func stem(_ name: String) -> String {
    let lower = name.lowercased()
    for ending in endings where lower.count > ending.count && lower.hasSuffix(ending) {
      let stem = name.dropLast(ending.count)
      return String(stem.last == "_" || stem.last == "." ? stem.dropLast() : stem)
    }
    return name
  }
}

/// What activities of one kind have in common.
package struct ActivityKind: Hashable {
  package let provider: String
  package let name: String
}

extension FieldType {
  fileprivate var isOneValue: Bool { self == .one(element) }
}
