public import TraceAnalysis
public import TraceEvents
public import TraceFormat

/// An event of a running session. It owns its memory.
public struct LiveEvent: Sendable {
  public let schema: EventSchema
  public let header: EventHeader
  /// Addresses of the call stack, innermost first; empty if none was recorded.
  public let stack: [UInt64]
  /// One word for each field, in the format of ``FieldColumn``, and the data that the words refer
  /// to.
  private let words: [UInt64]
  private let heap: [UInt64]

  init(_ event: borrowing RawEvent, of file: TraceFile) {
    schema = file.eventTypes[event.typeIndex].schema
    header = event.header
    stack = header.stack == .none ? [] : file.stack(header.stack)
    var words: [UInt64] = []
    var heap: [UInt64] = []
    for (index, field) in schema.fields.enumerated() {
      if field.type.fixedScalar != nil {
        words.append(event.word(index))
        continue
      }
      let start = UInt64(heap.count * 8)
      words.append(start | UInt64(Self.copy(event, index, field.type, into: &heap)) << 32)
    }
    self.words = words
    self.heap = heap
  }

  /// Copies a field; returns the number of bytes of a string or blob, or of elements of an array.
  private static func copy(
    _ event: borrowing RawEvent, _ index: Int, _ type: FieldType, into heap: inout [UInt64]
  ) -> Int {
    guard case .array(let element) = type else {
      return append(event.bytes(index), to: &heap)
    }
    var elements = event.elements(index)
    var count = 0
    let isFixed = FieldType.one(element).fixedScalar != nil
    while true {
      if isFixed {
        guard let word = elements.nextWord() else { break }
        heap.append(word)
      } else {
        guard let bytes = elements.nextBytes() else { break }
        heap.append(UInt64(bytes.count))
        _ = append(bytes, to: &heap)
      }
      count += 1
    }
    return count
  }

  private static func append(_ bytes: UnsafeRawBufferPointer, to heap: inout [UInt64]) -> Int {
    var offset = 0
    while offset < bytes.count {
      var word: UInt64 = 0
      let size = min(8, bytes.count - offset)
      withUnsafeMutableBytes(of: &word) {
        $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size]))
      }
      heap.append(word)
      offset += 8
    }
    return bytes.count
  }

  /// The event as its type; nil if it has another type, or was written with a schema that the type
  /// cannot read.
  public func decode<Event: TraceEvent>(as _: Event.Type) -> Event? {
    guard schema.isReadable(as: Event.schema) else { return nil }
    return withDecoder { Event(from: &$0) }
  }

  /// Calls `body` with a decoder at the first field.
  public func withDecoder<Result>(_ body: (inout EventDecoder) -> Result) -> Result {
    words.withUnsafeBufferPointer { words in
      heap.withUnsafeBytes { heap in
        let columns = words.indices.map {
          FieldColumn(words: words.baseAddress! + $0, heap: heap)
        }
        return columns.withUnsafeBufferPointer {
          var decoder = EventDecoder(columns: $0, row: 0)
          return body(&decoder)
        }
      }
    }
  }
}

extension LiveSymbolizer {
  /// Updates the symbolizer with an event of a running session:
  ///
  ///     let events = session.liveEvents()
  ///     try session.start()
  ///     let names = LiveSymbolizer(session: session.description!)
  ///     for await event in events {
  ///       names.learn(from: event)
  ///       for address in event.stack { … names.resolve(pid: event.header.pid, …) … }
  ///     }
  public func learn(from event: LiveEvent) {
    learn(event.schema, event.header) { body in event.withDecoder { body(&$0) } }
  }
}

/// Converts the writer's blocks to live events for subscribers. Used on the drain's thread.
final class LiveFeed: Sendable {
  private final class Consumers {
    var all: [AsyncStream<LiveEvent>.Continuation] = []
    var dropped: UInt64 = 0

    func take(_ event: LiveEvent) {
      all.removeAll { consumer in
        switch consumer.yield(event) {
        case .terminated: return true
        case .dropped:
          dropped += 1
          return false
        default: return false
        }
      }
    }
  }

  private struct State {
    let consumers = Consumers()
    var trace: LiveTrace?
    var isBroken = false
  }

  private let state = Monitor(State())

  var isWanted: Bool { state.withLock { !$0.consumers.all.isEmpty } }
  var dropped: UInt64 { state.withLock { $0.consumers.dropped } }

  func subscribe(limit: Int) -> AsyncStream<LiveEvent> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: LiveEvent.self, bufferingPolicy: .bufferingOldest(max(1, limit)))
    state.withLock { $0.consumers.all.append(continuation) }
    return stream
  }

  func take(_ block: UnsafeRawBufferPointer) {
    state.withLock { state in
      guard !state.isBroken else { return }
      do {
        let trace = try state.trace ?? Self.makeTrace(state.consumers)
        state.trace = trace
        try trace.feed(block)
      } catch { state.isBroken = true }
    }
  }

  private static func makeTrace(_ consumers: Consumers) throws -> LiveTrace {
    let trace = try LiveTrace()
    let file = trace.file
    trace.replay.onAny { event in
      if consumers.all.isEmpty { throw ReplayStop() }
      consumers.take(LiveEvent(event, of: file))
    }
    return trace
  }

  func finish() {
    state.withLock { state in
      for consumer in state.consumers.all { consumer.finish() }
      state.consumers.all = []
    }
  }
}
