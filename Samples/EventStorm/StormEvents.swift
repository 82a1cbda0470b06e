import TraceEvents
import TraceProvider

/// The sample's provider. Stored this way, a disabled event costs one load, a test and a branch.
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

  static func schema<Event: ListedEvent>(
    _: Event.Type, _ name: String, _ keyword: Keywords, level: Level = .informational
  ) -> EventSchema {
    EventSchema(of: Event.self, provider: "Storm", name: name, level: level, keywords: keyword)
  }
}

/// The emitter: the process's ordinal in the upper half, the thread's in the lower. A worker's
/// sequence numbers increase by one over all its events, so that a reader detects every gap.
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
struct CounterEvent: ListedEvent {
  var sequence: UInt64 = 0
  var worker: UInt32 = 0

  static var eventID: UInt16 { 1 }
  static let schema = Storm.schema(Self.self, "Counter", Storm.Keyword.counter)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("sequence", \.sequence, hint: .count)
    list.field("worker", \.worker, hint: .hexadecimal)
  }
}

/// An event with text of varying length, occasionally long.
struct TextEvent: ListedEvent {
  var sequence: UInt64 = 0
  var worker: UInt32 = 0
  var text = ""

  static var eventID: UInt16 { 2 }
  static let schema = Storm.schema(Self.self, "Text", Storm.Keyword.text, level: .verbose)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("sequence", \.sequence, hint: .count)
    list.field("worker", \.worker, hint: .hexadecimal)
    list.field("text", \.text)
  }
}

/// Emitted below a few levels of recursion, for sessions that record stacks.
struct StackEvent: ListedEvent {
  var sequence: UInt64 = 0
  var worker: UInt32 = 0
  /// Calls between the worker's loop and the emit.
  var depth: UInt32 = 0

  static var eventID: UInt16 { 3 }
  static let schema = Storm.schema(Self.self, "Stack", Storm.Keyword.stack)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("sequence", \.sequence, hint: .count)
    list.field("worker", \.worker, hint: .hexadecimal)
    list.field("depth", \.depth)
  }
}

/// Emitted by a timer's signal handler, which interrupts thread 0 at any point.
struct SignalEvent: ListedEvent {
  var sequence: UInt64 = 0
  var worker: UInt32 = 0

  static var eventID: UInt16 { 4 }
  static let schema = Storm.schema(Self.self, "Signal", Storm.Keyword.signal)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("sequence", \.sequence, hint: .count)
    list.field("worker", \.worker, hint: .hexadecimal)
  }
}
