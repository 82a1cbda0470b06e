internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

extension EventStream {
  /// Writes the stream's events, including losses.
  ///
  /// Each format passes its own type, so that the compiler specializes the event path for it.
  func write(as format: some EventFormat, to output: inout OutputBuffer) throws {
    try withUnsafeMutablePointer(to: &output) { output in
      guard let growth else { return try FormatExport(self, format, output).run() }
      if case .named(let options, _) = stacks {
        try follow(FollowingExport(self, growth, format, output, options), growth.live)
      } else {
        try follow(FormatExport(self, format, output), growth.live)
      }
    }
  }

  private func follow(_ export: some Export, _ live: LiveTrace) throws {
    live.onBlocks = { try export.prepare() }
    defer {
      live.onBlocks = nil
      // What was held is shown, however the trace ends.
      export.finish()
    }
    while !export.isFinished {
      switch try live.next() {
      case .blocks: export.blocksHandedOut()
      case .nothing(let idle_ns): export.idle(for: idle_ns)
      case .end: return
      }
    }
  }
}

/// One way of writing a stream.
protocol Export {
  var isFinished: Bool { get }
  /// Blocks have come.
  func prepare() throws
  /// Their events were handed out.
  func blocksHandedOut()
  func idle(for nanoseconds: Int64)
  func finish()
}

/// Writes events immediately, with names taken from the whole file.
private final class FormatExport<Format: EventFormat>: Export {
  /// Stored outside the class, so that handlers write to it without the exclusivity checks on a
  /// class's properties.
  private struct State: ~Copyable {
    var format: Format
    let output: UnsafeMutablePointer<OutputBuffer>
    var remaining: UInt64
    /// Whether the trace has names of threads.
    var hasThreadNames = false
  }

  private let stream: EventStream
  private let replay: Replay
  private let state: UnsafeMutablePointer<State>
  private let threads: ThreadNameReader
  private var definedTypes = 0

  init(_ stream: EventStream, _ format: Format, _ output: UnsafeMutablePointer<OutputBuffer>) {
    let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
    state.initialize(to: State(format: format, output: output, remaining: stream.limit))
    self.state = state
    self.stream = stream
    let replay = stream.replay
    self.replay = replay
    let threads = ThreadNameReader(replay.file)
    self.threads = threads
    defineTypes()
    state.pointee.format.begin(&state.pointee.output.pointee)
    var names: FileFrameNames?
    if case .named(let options, let detail) = stream.stacks {
      names = FileFrameNames(replay, options: options, detail: detail)
    }
    replay.onAny { event throws(any Error) in
      var line = EventLine(event)
      if state.pointee.hasThreadNames { line.threadName = threads.name(of: event.header) }
      if event.header.stack.rawValue != 0, let names {
        let header = event.header
        line.stack = try names.frames(
          replay.file.stack(header.stack), pid: header.pid, at: header.timestamp)
      }
      state.pointee.format.write(line, type: event.typeIndex, to: &state.pointee.output.pointee)
      state.pointee.remaining &-= 1
      if state.pointee.remaining == 0 || state.pointee.output.pointee.failure != 0 {
        throw ReplayStop()
      }
    }
    replay.onLoss { loss throws(any Error) in
      state.pointee.format.write(LossLine(loss, in: replay), to: &state.pointee.output.pointee)
      if state.pointee.output.pointee.failure != 0 { throw ReplayStop() }
    }
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  var isFinished: Bool { state.pointee.remaining == 0 || state.pointee.output.pointee.failure != 0 }

  func run() throws {
    try prepare()
    if !isFinished { try replay.run() }
    blocksHandedOut()
  }

  func prepare() throws {
    defineTypes()
    try threads.update()
    state.pointee.hasThreadNames = !threads.isEmpty
  }

  func blocksHandedOut() {
    stream.hasReachedLimit = state.pointee.remaining == 0
    state.pointee.output.pointee.flush()
  }

  func idle(for nanoseconds: Int64) {}
  func finish() {}

  private func defineTypes() {
    for type in replay.file.eventTypes[definedTypes...] {
      state.pointee.format.define(type: type.index, schema: type.schema)
    }
    definedTypes = replay.file.eventTypes.count
  }
}
