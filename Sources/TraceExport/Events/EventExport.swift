internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

extension EventStream {
  /// Writes the stream's events, including losses.
  ///
  /// Each format passes its own type, so that the compiler specializes the event path for it.
  func write(as format: some EventFormat, to output: inout OutputBuffer) throws {
    try withUnsafeMutablePointer(to: &output) { output in
      // A finished file does not grow, so all names are known before its first event.
      guard let growth, !replay.file.isComplete else {
        return try FormatExport(self, format, output).run()
      }
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
      // Events that are still held are written even if the trace ends with an error.
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

/// A way of writing a stream.
protocol Export {
  var isFinished: Bool { get }
  /// Called when blocks have arrived, before their events are delivered.
  func prepare() throws
  /// Called after the blocks' events have been delivered.
  func blocksHandedOut()
  func idle(for nanoseconds: Int64)
  func finish()
}

/// Writes events immediately, with names taken from the whole file.
private final class FormatExport<Format: EventFormat>: Export {
  private let stream: EventStream
  private let replay: Replay
  /// Stored outside the class, so that each event is written without the exclusivity checks on a
  /// class's properties.
  private let writer: UnsafeMutablePointer<EventWriter<Format>>
  private var definedTypes = 0

  init(_ stream: EventStream, _ format: Format, _ output: UnsafeMutablePointer<OutputBuffer>) {
    let writer = UnsafeMutablePointer<EventWriter<Format>>.allocate(capacity: 1)
    writer.initialize(to: EventWriter(stream, format, output))
    self.writer = writer
    self.stream = stream
    let replay = stream.replay
    self.replay = replay
    defineTypes()
    writer.pointee.format.begin(&writer.pointee.output.pointee)
    replay.onAny(writer)
    replay.onLoss { loss throws(any Error) in
      writer.pointee.format.write(LossLine(loss, in: replay), to: &writer.pointee.output.pointee)
      if writer.pointee.output.pointee.failure != 0 { throw ReplayStop() }
    }
  }

  deinit {
    writer.deinitialize(count: 1)
    writer.deallocate()
  }

  var isFinished: Bool {
    writer.pointee.remaining == 0 || writer.pointee.output.pointee.failure != 0
  }

  func run() throws {
    try prepare()
    if !isFinished { try replay.run() }
    blocksHandedOut()
  }

  func prepare() throws {
    defineTypes()
    try writer.pointee.threads.update()
  }

  func blocksHandedOut() {
    stream.hasReachedLimit = writer.pointee.remaining == 0
    writer.pointee.output.pointee.flush()
  }

  func idle(for nanoseconds: Int64) {}
  func finish() {}

  private func defineTypes() {
    for type in replay.file.eventTypes[definedTypes...] {
      writer.pointee.format.define(type: type.index, schema: type.schema)
    }
    definedTypes = replay.file.eventTypes.count
  }
}

/// Writes each event in a format, with the name of its thread and its stack.
private struct EventWriter<Format: EventFormat>: ~Copyable, EventHandler {
  var format: Format
  let output: UnsafeMutablePointer<OutputBuffer>
  var remaining: UInt64
  var threads: ThreadNaming
  private let replay: Replay
  /// Nil if no stacks are shown.
  private let names: FileFrameNames?

  init(_ stream: EventStream, _ format: Format, _ output: UnsafeMutablePointer<OutputBuffer>) {
    self.format = format
    self.output = output
    remaining = stream.limit
    replay = stream.replay
    threads = ThreadNaming(replay)
    if case .named(let options, let detail) = stream.stacks {
      names = FileFrameNames(stream.replay, options: options, detail: detail)
    } else {
      names = nil
    }
  }

  @inline(__always)
  mutating func handle(_ event: borrowing RawEvent) throws {
    let line = EventLine(event)
    threads.prepare(&format, for: line)
    if event.header.stack.rawValue == 0 {
      format.write(line, stack: [], type: event.typeIndex, to: &output.pointee)
    } else {
      try write(line, event.header.stack, type: event.typeIndex)
    }
    remaining &-= 1
    if remaining == 0 || output.pointee.failure != 0 { throw ReplayStop() }
  }

  @inline(never)
  private mutating func write(_ line: EventLine, _ stack: StackID, type: Int) throws {
    let frames = try names?.frames(replay.file.stack(stack), pid: line.pid, at: line.time) ?? []
    format.write(line, stack: frames, type: type, to: &output.pointee)
  }
}
