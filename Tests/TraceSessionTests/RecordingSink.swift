import Locks
import TraceEvents
import TraceFormat
import TraceRing

@testable import TraceSession

/// Records the calls of a control plane.
final class RecordingSink: EventSink {
  struct Notes {
    var refs: [UInt16: EventSchema] = [:]
    var providers: [ProviderSchema] = []
    var processes: [ProcessRecord] = []
    var ended: [UInt32] = []
    var sets: [UInt32: WriterKind] = [:]
    var removed: [UInt32] = []
    var admitted: [UInt32: UInt32] = [:]
    var lost: [LossCause: UInt64] = [:]
  }

  private let state = Lock(Notes())
  var notes: Notes { state.withLock { $0 } }

  func define(ref: UInt16, schema: EventSchema) { state.withLock { $0.refs[ref] = schema } }
  func define(provider: ProviderSchema) { state.withLock { $0.providers.append(provider) } }
  func define(process: ProcessRecord) { state.withLock { $0.processes.append(process) } }
  func lost(_ count: UInt64, _ cause: LossCause, process: UInt32?) {
    state.withLock { $0.lost[cause, default: 0] += count }
  }
  func processEnded(index: UInt32, atTicks ticks: UInt64) {
    state.withLock { $0.ended.append(index) }
  }
  func add(_ set: BufferSet, id: UInt32, firstStream: UInt32) {
    let kind = set.parameters.writerKind
    state.withLock { $0.sets[id] = kind }
  }
  func remove(setID: UInt32) { state.withLock { $0.removed.append(setID) } }
  func admit(process: UInt32, toSet setID: UInt32) {
    state.withLock { $0.admitted[process] = setID }
  }
}
