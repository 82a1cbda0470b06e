import TraceEvents
import TraceFormat
import TraceRing

/// The destination of the control plane's definitions and losses: the drain, or a test's recorder.
///
/// Definitions arrive before any process can emit the defined events.
protocol EventSink: AnyObject, Sendable {
  func define(ref: UInt16, schema: EventSchema)
  func define(provider: ProviderSchema)
  func define(process: ProcessRecord)
  /// Records the loss of events that were emitted but reached no buffer; `process` is nil if the
  /// process has no number.
  func lost(_ count: UInt64, _ cause: LossCause, process: UInt32?)
  /// Called when a process has detached or died; its events are still in its rings.
  func processEnded(index: UInt32, atTicks ticks: UInt64)
  /// Adds rings to drain: streams `firstStream`, `firstStream` + 1 …
  func add(_ set: BufferSet, id: UInt32, firstStream: UInt32)
  /// Called when a set's last process has gone.
  func remove(setID: UInt32)
  /// Allows the process to write into the set.
  func admit(process: UInt32, toSet setID: UInt32)
}

/// Forwards everything to a drain, which writes the trace file.
final class DrainSink: EventSink {
  private let drain: Drain

  init(_ drain: Drain) { self.drain = drain }

  // The writer keeps errors for the drain's statistics.
  func define(ref: UInt16, schema: EventSchema) {
    drain.perform { writer in try? writer.define(ref: ref, schema: schema) }
  }

  func define(provider: ProviderSchema) {
    drain.perform { writer in writer.define(provider: provider) }
  }

  func define(process: ProcessRecord) {
    drain.perform { writer in writer.define(process: process) }
  }

  func lost(_ count: UInt64, _ cause: LossCause, process: UInt32?) {
    drain.lost(count, cause, process: process)
  }

  func processEnded(index: UInt32, atTicks ticks: UInt64) {
    drain.perform { writer in writer.processEnded(index: index, atTicks: ticks) }
  }

  func add(_ set: BufferSet, id: UInt32, firstStream: UInt32) {
    drain.add(set, id: id, firstStream: firstStream)
  }

  func remove(setID: UInt32) { drain.remove(setID: setID) }

  func admit(process: UInt32, toSet setID: UInt32) {
    drain.admit(process: process, toSet: setID)
  }
}
