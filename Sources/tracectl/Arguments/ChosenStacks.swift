import TraceAnalysis
import TraceEvents
import TraceFormat

extension StackOptions {
  /// Chooses events and their weight; without a choice CPU samples, or what a profile's own tools
  /// show.
  mutating func choose(_ events: [String], weight: String?, in file: TraceFile) throws {
    var (events, weight) = (events, weight)
    if events.isEmpty, let type = weight {
      let profile = try OpenTrace.explaining(file.path) { try ProfileDescription(of: file) }
      guard let profile else {
        throw Failure(.usage, "-weight requires -event", next: "add -event")
      }
      events = [profile.event]
      if let place = profile.types.firstIndex(of: type), place < profile.fields.count {
        weight = profile.fields[place]
      }
    }
    guard !events.isEmpty else {
      return try OpenTrace.explaining(file.path) { try showProfile(of: file) }
    }
    let names = EventPatterns(events: events)
    let known = file.eventTypes.map(\.schema) + file.providers.flatMap(\.events)
    if let unknown = names.unknown(among: known) { throw Failure(unknown, path: file.path) }
    do {
      try show(names, of: known, weight: weight)
    } catch {
      throw Failure(error, path: file.path)
    }
  }
}
