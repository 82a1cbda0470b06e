import TraceEvents
import TraceProvider

/// The sample's provider. Held so, its test of "does anyone want this?" is a load and a branch.
enum Storm {
  static let provider = Provider("Storm") {
    ProviderDescription(
      keywords: [
        KeywordSchema("Counter", Keyword.counter), KeywordSchema("Text", Keyword.text),
        KeywordSchema("Stack", Keyword.stack), KeywordSchema("Signal", Keyword.signal),
      ],
      events: [CounterEvent.self, TextEvent.self, StackEvent.self, SignalEvent.self])
  }

  enum Keyword {
    static let counter = Keywords(rawValue: 0x1)
    static let text = Keywords(rawValue: 0x2)
    static let stack = Keywords(rawValue: 0x4)
    static let signal = Keywords(rawValue: 0x8)
  }

  static let sequenceFields = [
    FieldSchema("sequence", .uint64, .count), FieldSchema("worker", .uint32, .hexadecimal),
  ]
}

/// Who emits: the process's ordinal in the upper half, the thread's in the lower. One worker's
/// sequence numbers go up by one over all its events, so that a reader sees every gap.
struct WorkerID: Hashable, Sendable {
  static let threadLimit = 0xffff
  /// The "thread" of a process's signal handler.
  static let signalThread = 0xffff

  var rawValue: UInt32

  init(process: Int, thread: Int) {
    rawValue = UInt32(process) << 16 | UInt32(thread)
  }
}

/// The benchmark's event: 12 bytes of payload.
struct CounterEvent: TraceEvent {
  var sequence: UInt64
  var worker: UInt32

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    provider: "Storm", id: eventID, name: "Counter", keywords: Storm.Keyword.counter,
    fields: Storm.sequenceFields)

  @inline(__always)
  func encode(into encoder: inout EventEncoder) {
    encoder.encode(sequence)
    encoder.encode(worker)
  }
}

extension CounterEvent {
  init(from decoder: inout EventDecoder) {
    self.init(sequence: decoder.decode(), worker: decoder.decode())
  }
}

/// Carries text of varying length, now and then a long one.
struct TextEvent: TraceEvent {
  var sequence: UInt64
  var worker: UInt32
  var text: String

  static var eventID: UInt16 { 2 }
  static let schema = EventSchema(
    provider: "Storm", id: eventID, name: "Text", level: .verbose, keywords: Storm.Keyword.text,
    fields: Storm.sequenceFields + [FieldSchema("text", .string)])

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(sequence)
    encoder.encode(worker)
    encoder.encode(text)
  }
}

extension TextEvent {
  init(from decoder: inout EventDecoder) {
    self.init(sequence: decoder.decode(), worker: decoder.decode(), text: decoder.decode())
  }
}

/// Emitted below a few levels of recursion, for sessions that ask for stacks.
struct StackEvent: TraceEvent {
  var sequence: UInt64
  var worker: UInt32
  /// Calls between the worker's loop and the emit.
  var depth: UInt32

  static var eventID: UInt16 { 3 }
  static let schema = EventSchema(
    provider: "Storm", id: eventID, name: "Stack", keywords: Storm.Keyword.stack,
    fields: Storm.sequenceFields + [FieldSchema("depth", .uint32)])

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(sequence)
    encoder.encode(worker)
    encoder.encode(depth)
  }
}

extension StackEvent {
  init(from decoder: inout EventDecoder) {
    self.init(sequence: decoder.decode(), worker: decoder.decode(), depth: decoder.decode())
  }
}

/// Emitted by a timer's signal handler, in the middle of whatever thread 0 was doing.
struct SignalEvent: TraceEvent {
  var sequence: UInt64
  var worker: UInt32

  static var eventID: UInt16 { 4 }
  static let schema = EventSchema(
    provider: "Storm", id: eventID, name: "Signal", keywords: Storm.Keyword.signal,
    fields: Storm.sequenceFields)

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(sequence)
    encoder.encode(worker)
  }
}

extension SignalEvent {
  init(from decoder: inout EventDecoder) {
    self.init(sequence: decoder.decode(), worker: decoder.decode())
  }
}
