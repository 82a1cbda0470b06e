import TraceEvents
import TraceProvider

/// The provider of a library loaded at run time: event-storm's `--plugin`.
enum Plugin {
  static let provider = Provider("StormPlugin") {
    ProviderDescription(events: [PluginEvent.self])
  }
}

/// Emitted by code that was loaded after the program started.
struct PluginEvent: TraceEvent {
  var sequence: UInt64
  var worker: UInt32

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    provider: "StormPlugin", id: eventID, name: "Plugin",
    fields: [FieldSchema("sequence", .uint64, .count), FieldSchema("worker", .uint32)])

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(sequence)
    encoder.encode(worker)
  }
}

extension PluginEvent {
  init(from decoder: inout EventDecoder) {
    self.init(sequence: decoder.decode(), worker: decoder.decode())
  }
}

/// Called by event-storm after loading the library.
@c(storm_plugin_emit)
public func emitPluginEvents(_ count: UInt64, _ worker: UInt32) {
  Plugin.provider.register()
  for sequence in 0..<count {
    Plugin.provider.emit(PluginEvent(sequence: sequence + 1, worker: worker))
  }
}
