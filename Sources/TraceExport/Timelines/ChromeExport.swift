public import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// Chrome's trace events, one a line, for Perfetto, chrome://tracing and many others.
///
/// Events are instants of their thread, with their fields as arguments; the times for which a
/// thread ran are slices; counters are counters. Samples and their stacks are in the parts
/// `samples` and `stackFrames`, which Perfetto ignores.
public struct ChromeExport: Renderer {
  public let format = OutputFormat(
    "chrome", fileExtensions: ["chrome.json", "trace.json", "json"],
    summary: "Perfetto, chrome://tracing")

  public init() {}

  /// Writes the whole file. Times are microseconds since the trace began, with three decimals.
  ///
  /// - Cost: memory for the threads; events are written one by one.
  public func render(
    _ timeline: TraceTimeline, _ options: RenderOptions, to output: inout OutputBuffer
  ) throws {
    output.append("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"exporter\":\"tracectl\"")
    output.append(text: ",\"start_unix_ns\":\"\(timeline.profile.start_ns)\"")
    for (index, comment) in ProfileComments.lines(of: timeline.profile).enumerated() {
      output.append(text: ",\"comment\(index)\":\(jsonText(comment))")
    }
    output.append("},\n\"traceEvents\":[\n")
    try withUnsafeMutablePointer(to: &output) { output in
      try withPlaced(ChromeWriter(timeline, output)) { writer in
        try timeline.deliver(to: writer)
        writer.pointee.endRunning()
      }
    }
    output.append("\n],\n\"stackFrames\":{")
    Self.writeFrames(timeline.profile, to: &output)
    output.append("},\n\"samples\":[")
    Self.writeSamples(timeline, to: &output)
    output.append("]}\n")
  }

  private static func writeFrames(_ profile: StackProfile, to output: inout OutputBuffer) {
    let paths = StackPaths(profile.stacks)
    let names = profile.stacks.frames.frames.map {
      "\"name\":\(jsonText($0.exportedName)),\"category\":\(jsonText($0.module))"
    }
    var isFirst = true
    for node in 1..<max(profile.stacks.calls.tree.count, 1) where paths.isFunction(node) {
      if output.failure != 0 { return }
      output.append(isFirst ? "\n\"" : ",\n\"")
      isFirst = false
      output.append(decimal: UInt64(node))
      output.append("\":{")
      output.append(text: names[paths.frame(of: node)])
      if paths.isFunction(paths.caller(of: node)) {
        output.append(",\"parent\":\"")
        output.append(decimal: UInt64(paths.caller(of: node)))
        output.append("\"")
      }
      output.append("}")
    }
  }

  private static func writeSamples(_ timeline: TraceTimeline, to output: inout OutputBuffer) {
    let paths = StackPaths(timeline.profile.stacks)
    for (index, sample) in timeline.samples.enumerated() {
      if output.failure != 0 { return }
      output.append(index > 0 ? ",\n{\"ts\":" : "\n{\"ts\":")
      output.append(microseconds: sample.time)
      let owner = Int(timeline.owners[Int(sample.node)])
      if owner >= 0 {
        output.append(",\"pid\":")
        output.append(decimal: UInt64(timeline.threads[owner].pid))
        output.append(",\"tid\":")
        output.append(decimal: UInt64(timeline.threads[owner].tid))
      }
      if sample.cpu != EventHeader.noCPU {
        output.append(",\"cpu\":")
        output.append(decimal: UInt64(sample.cpu))
      }
      output.append(",\"name\":\"sample\",\"weight\":")
      output.append(decimal: sample.weight)
      if paths.isFunction(Int(sample.node)) {
        output.append(",\"sf\":\"")
        output.append(decimal: UInt64(sample.node))
        output.append("\"")
      }
      output.append("}")
    }
  }
}

extension OutputBuffer {
  /// Writes nanoseconds as microseconds with three decimals.
  mutating func append(microseconds time: Int64) {
    if time < 0 { append("-") }
    append(decimal: time.magnitude / 1000)
    append(".")
    let rest = time.magnitude % 1000
    if rest < 100 { append("0") }
    if rest < 10 { append("0") }
    append(decimal: rest)
  }
}

private struct ChromeWriter: ~Copyable, TimelineWriter {
  private let output: UnsafeMutablePointer<OutputBuffer>
  private let arguments: EventArguments
  /// Name and category of each type, as JSON.
  private let headings: [String]
  /// Time at which a thread began to run, and its CPU.
  private var running: [UInt64: (time: Int64, cpu: UInt16)] = [:]
  private var namedProcesses: Set<UInt32> = []
  private var isFirst = true

  init(_ timeline: TraceTimeline, _ output: UnsafeMutablePointer<OutputBuffer>) {
    self.output = output
    arguments = EventArguments(timeline.eventTypes)
    headings = timeline.eventTypes.map {
      "\"name\":\(jsonText($0.schema.name)),\"cat\":\(jsonText($0.schema.provider))"
    }
  }

  var hasFailed: Bool { output.pointee.failure != 0 }

  private mutating func begin(
    _ phase: StaticString, _ pid: UInt32, _ tid: UInt32, at time: Int64?
  ) {
    output.pointee.append(isFirst ? "{\"ph\":\"" : ",\n{\"ph\":\"")
    isFirst = false
    output.pointee.append(phase)
    output.pointee.append("\",\"pid\":")
    output.pointee.append(decimal: UInt64(pid))
    output.pointee.append(",\"tid\":")
    output.pointee.append(decimal: UInt64(tid))
    guard let time else { return }
    output.pointee.append(",\"ts\":")
    output.pointee.append(microseconds: time)
    output.pointee.append(",")
  }

  mutating func thread(_ thread: TimelineThread) {
    if namedProcesses.insert(thread.pid).inserted {
      begin("M", thread.pid, thread.pid, at: nil)
      output.pointee.append(
        text: ",\"name\":\"process_name\",\"args\":{\"name\":\(jsonText(thread.process))}}")
    }
    if thread.name.isEmpty { return }
    begin("M", thread.pid, thread.tid, at: nil)
    output.pointee.append(
      text: ",\"name\":\"thread_name\",\"args\":{\"name\":\(jsonText(thread.name))}}")
  }

  mutating func contextSwitch(
    _ header: EventHeader, _ direction: SwitchDirection, _ state: ThreadState
  ) {
    let key = UInt64(header.pid) << 32 | UInt64(header.tid)
    guard direction != .on else {
      running[key] = (header.timestamp, header.cpu)
      return
    }
    guard let start = running.removeValue(forKey: key), start.time <= header.timestamp else {
      return
    }
    begin("X", header.pid, header.tid, at: start.time)
    output.pointee.append("\"dur\":")
    output.pointee.append(microseconds: header.timestamp &- start.time)
    output.pointee.append(
      text: ",\"name\":\"running\",\"cat\":\"sched\",\"args\":{\"cpu\":\(start.cpu),\"until\":\""
        + "\(direction == .preempted ? "preempted" : "waits")\",\"state\":\(state.rawValue)}}")
  }

  /// Begins the slices of threads that run until the trace ends.
  mutating func endRunning() {
    for (key, start) in running.sorted(by: { $0.key < $1.key }) {
      begin("B", UInt32(key >> 32), UInt32(truncatingIfNeeded: key), at: start.time)
      output.pointee.append(
        text: "\"name\":\"running\",\"cat\":\"sched\",\"args\":{\"cpu\":\(start.cpu)}}")
    }
  }

  mutating func counters(_ event: borrowing RawEvent) {
    begin("C", event.header.pid, event.header.tid, at: event.header.timestamp)
    output.pointee.append(text: "\"name\":\(jsonText(arguments.counterName(event))),\"args\":{")
    arguments.writeNumbers(event, to: &output.pointee)
    output.pointee.append("}}")
  }

  mutating func event(_ event: borrowing RawEvent) {
    begin("i", event.header.pid, event.header.tid, at: event.header.timestamp)
    output.pointee.append(text: headings[event.typeIndex])
    output.pointee.append(",\"s\":\"t\",\"args\":{")
    arguments.write(event, to: &output.pointee)
    output.pointee.append("}}")
  }

  mutating func loss(_ loss: LossLine) {
    begin("i", 0, 0, at: loss.to)
    output.pointee.append(
      text: "\"name\":\"events lost\",\"cat\":\"tracectl\",\"s\":\"g\",\"args\":{\"count\":"
        + "\(loss.count),\"cause\":\(jsonText(loss.cause))}}")
  }
}
