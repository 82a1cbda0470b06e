internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// Makes a ``Timeline`` in one run over the trace.
///
/// - Cost: reads the blocks with samples, switches, collections, exceptions and requests.
final class TimelineBuilder {
  private struct Thread {
    var lane: Int
    var state: Timeline.State?
    var since: Int64
    /// Whether its end was recorded. It still runs for a moment then.
    var hasEnded = false
  }

  @exclusivity(unchecked) private var timeline = Timeline()
  @exclusivity(unchecked) private var processLanes: [UInt32: Int] = [:]
  @exclusivity(unchecked) private var threads: [UInt64: Thread] = [:]
  private var pauses = PauseSpans()
  private var lossCountMax: Int { 10_000 }

  /// Reads a trace. What it lacks is left empty.
  static func timeline(of file: TraceFile) throws -> Timeline {
    let builder = TimelineBuilder()
    return try builder.build(file)
  }

  private func build(_ file: TraceFile) throws -> Timeline {
    timeline.takeIndex(file)
    for process in file.processes { name(process.pid, process.executable, process.arguments) }
    let replay = Replay(file)
    let system = SystemPass()
    system.subscribe(to: replay)
    subscribe(to: replay)
    try replay.run()
    close()
    if let report = try? system.finish() { take(report) }
    for loss in try file.losses().prefix(lossCountMax) {
      timeline.losses.append(
        Timeline.Loss(
          from: file.timestamp(ofTicks: loss.fromTicks), to: file.timestamp(ofTicks: loss.toTicks),
          count: loss.count, cause: loss.cause.name))
    }
    return timeline
  }

  private func subscribe(to replay: Replay) {
    replay.on(SampledProfile.self) { [self] event, header in
      let lane = thread(header)
      timeline.lanes[lane].activity = timeline.lanes[lane].activity.addingCapped(event.weight)
      timeline.samples.add(header.timestamp, lane: lane, weight: event.weight)
    }
    replay.on(ContextSwitch.self) { [self] in switched($0, $1) }
    replay.on(ReadyThread.self) { [self] event, header in wake(event.threadID, header) }
    replay.on(ThreadStop.self) { [self] _, header in end(header) }
    replay.on(ProcessStop.self) { [self] _, header in endProcess(header) }
    replay.on(ThreadStart.self) { [self] event, header in
      threads[Self.key(header)]?.hasEnded = false
      nameThread(event.name, header)
    }
    replay.on(ThreadName.self) { [self] in nameThread($0.name, $1) }
    replay.on(ProcessStart.self) { [self] event, header in name(header.pid, event.name, []) }
    replay.on(ProcessExec.self) { [self] event, header in name(header.pid, event.name, []) }
    pauses.subscribe(to: replay) { [self] in process($0) }
    subscribeToMarks(replay)
  }

  private func subscribeToMarks(_ replay: Replay) {
    var thrown = ReplayFilter()
    let exception = ExceptionThrown.schema
    thrown.admits = { $0.provider == exception.provider && $0.id == exception.id }
    replay.onAny(where: thrown, fields: .none) { [self] event in
      let lane = thread(event.header)
      timeline.lanes[lane].activity = timeline.lanes[lane].activity.addingCapped(1)
      timeline.exceptions.add(event.header.timestamp, lane: lane, weight: 1)
    }
    var stops = ReplayFilter()
    stops.admits = { $0.opcode == .stop }
    replay.onAny(where: stops, fields: .none) { [self] event in
      timeline.requests.add(event.header.timestamp, lane: thread(event.header), weight: 1)
    }
  }

  private func close() {
    let end = timeline.time.upperBound
    for (_, thread) in threads {
      if let state = thread.state {
        timeline.states.add(thread.since, end, lane: thread.lane, kind: state.rawValue)
      }
    }
    timeline.pauses = pauses.finish()
    timeline.samples.sort()
    timeline.exceptions.sort()
    timeline.requests.sort()
    timeline.states.sort()
    for span in timeline.states.spans where span.kind == Timeline.State.running.rawValue {
      let lane = Int(span.lane)
      timeline.lanes[lane].activity = timeline.lanes[lane].activity
        .addingCapped(UInt64(clamping: span.to.subtractingCapped(span.from)))
    }
  }

  private func take(_ report: SystemReport) {
    timeline.memory_bytes = report.memory_bytes
    timeline.readings = report.rows.prefix(100_000).map { row in
      Timeline.Reading(
        from: row.from_ns, to: row.to_ns, user: row.cpu.user_ns.addingCapped(row.cpu.nice_ns),
        system: row.cpu.system_ns.addingCapped(row.cpu.irq_ns).addingCapped(row.cpu.softirq_ns),
        steal: row.cpu.steal_ns, iowait: row.cpu.iowait_ns, idle: row.cpu.idle_ns,
        available_bytes: row.available_bytes)
    }
  }

  // MARK: Lanes

  private func name(_ pid: UInt32, _ executable: String, _ arguments: [String]) {
    let lane = process(pid)
    let last = executable.split(separator: "/").last.map(String.init) ?? executable
    if !last.isEmpty { timeline.lanes[lane].name = last.cut(bytes: 200) }
  }

  private func process(_ pid: UInt32) -> Int {
    if let known = processLanes[pid] { return known }
    guard timeline.lanes.count < Timeline.lanesMax else { return 0 }
    let lane = timeline.lanes.count
    timeline.lanes.append(.init(pid: pid, tid: nil, name: "", process: lane))
    processLanes[pid] = lane
    return lane
  }

  private static func key(_ header: EventHeader) -> UInt64 {
    UInt64(header.pid) << 32 | UInt64(header.tid)
  }

  private func thread(_ header: EventHeader) -> Int {
    let key = Self.key(header)
    if let known = threads[key] { return known.lane }
    return thread(key, header.pid, header.tid)
  }

  private func thread(_ key: UInt64, _ pid: UInt32, _ tid: UInt32) -> Int {
    let process = process(pid)
    guard timeline.lanes.count < Timeline.lanesMax else { return process }
    let lane = timeline.lanes.count
    timeline.lanes.append(.init(pid: pid, tid: tid, name: "", process: process))
    threads[key] = Thread(lane: lane, state: nil, since: 0)
    owners[tid] = key
    return lane
  }

  /// The thread that has an id, for wake-ups, which do not tell its process.
  @exclusivity(unchecked) private var owners: [UInt32: UInt64] = [:]

  private func nameThread(_ name: String, _ header: EventHeader) {
    guard !name.isEmpty else { return }
    timeline.lanes[thread(header)].name = name.cut(bytes: 200)
  }

  // MARK: States

  private func switched(_ event: ContextSwitch, _ header: EventHeader) {
    let last = running.removeValue(forKey: header.cpu)
    switch event.direction {
    // An ended thread has lost its number when it leaves its CPU.
    case _ where header.tid == .max: if let last { move(last, header.timestamp, to: nil) }
    case .on:
      move(header, to: .running)
      running[header.cpu] = Self.key(header)
    case .preempted: move(header, to: .runnable)
    default: move(header, to: stopped(event, header))
    }
  }

  /// The thread that runs on each CPU.
  @exclusivity(unchecked) private var running: [UInt16: UInt64] = [:]

  /// The state of a thread that has stopped running; nil if it does not run again.
  private func stopped(_ event: ContextSwitch, _ header: EventHeader) -> Timeline.State? {
    if event.state == .runnable { return .runnable }
    let isOver = event.state == .dead || threads[Self.key(header)]?.hasEnded == true
    return isOver ? nil : .blocked
  }

  private func move(_ header: EventHeader, to state: Timeline.State?) {
    guard header.tid != 0 else { return }
    _ = thread(header)
    move(Self.key(header), header.timestamp, to: state)
  }

  private func move(_ key: UInt64, _ time: Int64, to state: Timeline.State?) {
    guard let thread = threads[key] else { return }
    if let before = thread.state {
      timeline.states.add(thread.since, time, lane: thread.lane, kind: before.rawValue)
    }
    threads[key]?.state = state
    threads[key]?.since = time
    if thread.state == nil, state != nil {
      moving[UInt32(truncatingIfNeeded: key >> 32), default: []].insert(key)
    }
  }

  /// The threads that have a state, or had one, by process.
  @exclusivity(unchecked) private var moving: [UInt32: Set<UInt64>] = [:]

  /// Ends the states of a process's threads, of which none may have told its end.
  private func endProcess(_ header: EventHeader) {
    for key in moving.removeValue(forKey: header.pid) ?? [] {
      move(key, header.timestamp, to: nil)
      threads[key]?.hasEnded = true
    }
  }

  private func wake(_ tid: UInt32, _ header: EventHeader) {
    guard let key = owners[tid], threads[key]?.state == .blocked else { return }
    move(key, header.timestamp, to: .runnable)
  }

  private func end(_ header: EventHeader) {
    move(header, to: nil)
    threads[Self.key(header)]?.hasEnded = true
  }
}
