internal import TraceEvents
internal import TraceFormat

/// Writes the events of a .nettrace file.
final class NetEventWriter {
  let header: NetHeader
  let sink: NetSink
  let isVersion6: Bool
  // One thread imports, so access needs no run-time check.
  @exclusivity(unchecked) var stacks = NetStore()
  @exclusivity(unchecked) var labels = NetStore()
  @exclusivity(unchecked) var threads = NetThreads()
  @exclusivity(unchecked) var planner = NetPlanner()
  private var universal = NetUniversal()
  @exclusivity(unchecked) private var slots = NetSlots()
  @exclusivity(unchecked) private var stack: (number: UInt32, addresses: [UInt64]) = (0, [])
  @exclusivity(unchecked) private var list: (number: UInt32, labels: NetLabels) = (0, NetLabels())
  /// The lock of each thread's last ContentionStart.
  @exclusivity(unchecked) private var locks: [UInt32: UInt64] = [:]
  /// The process of versions 4 and 5.
  let process: UInt32
  @exclusivity(unchecked) private(set) var latest: UInt64
  /// The latest time at the last sequence point.
  var lastPoint: UInt64
  /// Samples of threads in managed code, and of all others.
  @exclusivity(unchecked) private(set) var samples: UInt64 = 0
  @exclusivity(unchecked) private(set) var external: UInt64 = 0
  @exclusivity(unchecked) private(set) var shortPayloads: UInt64 = 0
  private(set) var missingStacks: UInt64 = 0
  private(set) var missingLabels: UInt64 = 0
  private(set) var overrides: UInt64 = 0
  private(set) var unknownThreads: UInt64 = 0
  private(set) var cutStacks: UInt64 = 0

  private static let framesMax = 8000
  private static let locksMax = 65_536

  init(_ header: NetHeader, _ sink: NetSink, isVersion6: Bool) {
    self.header = header
    self.sink = sink
    self.isVersion6 = isVersion6
    latest = header.nanoseconds(header.startTicks)
    lastPoint = latest
    process = header.processID == 0 ? ProcessNumbers.undefined : sink.process(header.processID)
  }

  deinit { slots.deallocate() }

  // MARK: Events

  func write(_ row: NetRow, _ payload: UnsafeRawBufferPointer, _ kind: NetKind) {
    let plan = plan(kind)
    let thread = identity(row.thread)
    let place = threads.writer(row.captureThread)
    let ticks = header.nanoseconds(row.ticks)
    latest = max(latest, ticks)
    let stream = threads.stream(place)
    if let gap = threads.note(place, sequence: row.sequence, ticks: ticks) {
      lose(gap, stream, ticks, thread.process)
    }
    guard plan.isWanted else { return }
    slots.find(plan, in: payload, header.pointerBytes)
    if slots.isShort { shortPayloads += 1 }
    let record = RecordHeader(
      ticks: ticks, process: thread.process, tid: thread.tid, stream: stream,
      cpu: UInt16(exactly: row.processor) ?? EventHeader.noCPU, flags: plan.flags)
    let stack = plan.dropsStack ? [] : addresses(row.stack)
    if plan.use != .event, use(plan, payload, record, stack) { return }
    let lock = locks.isEmpty ? 0 : locks[thread.tid] ?? 0
    let (slots, pointerBytes) = (slots, header.pointerBytes)
    // Most events have no labels.
    if isVersion6 ? row.labels == 0 : row.activity.isZero && row.related.isZero {
      guard let ref = plan.ref(0, sink) else { return sink.refuse() }
      return sink.write(ref, record, stack) { encoder in
        plan.encode(slots, payload, pointerBytes, lock: lock, &encoder)
      }
    }
    let labels = isVersion6 ? self.labels(row.labels) : NetLabels(row)
    let bits = labels.bits
    guard let ref = plan.ref(bits, sink) else { return sink.refuse() }
    sink.write(ref, record, stack) { encoder in
      plan.encode(slots, payload, pointerBytes, lock: lock, &encoder)
      labels.encode(&encoder)
    }
  }

  private func plan(_ kind: NetKind) -> NetPlan {
    if let plan = kind.plan { return plan }
    let plan = planner.plan(kind.metadata)
    plan.restrict(to: sink)
    kind.plan = plan
    return plan
  }

  /// Treats special kinds. Returns whether the event is written.
  private func use(
    _ plan: NetPlan, _ payload: UnsafeRawBufferPointer, _ record: RecordHeader, _ stack: [UInt64]
  ) -> Bool {
    switch plan.use {
    case .sample:
      // 2 is managed code; 1 is everything else, also waiting.
      guard sink.takesSamples, plan.number("Type", slots, payload) == 2,
        header.samplingInterval_ns > 0
      else {
        external += 1
        return false
      }
      samples += 1
      sink.write(
        SampledProfile(weight: header.samplingInterval_ns, source: .threadTimer), record, stack)
      return true
    case .contentionStart:
      let lock = plan.number("LockID", slots, payload) ?? 0
      if lock != 0, locks.count < Self.locksMax || locks[record.tid] != nil {
        locks[record.tid] = lock
      }
    case .processStatement:
      guard let index = plan.layout.firstIndex(where: { $0.name == "CommandLine" }) else { break }
      var text: [UInt8] = []
      NetText.append(utf16: slots.bytes(index, payload), to: &text)
      let command = NetCommandLine.words(String(decoding: text, as: UTF8.self))
      sink.describe(process: record.process, pid: header.processID, command)
    case .universal(let kind):
      return universal.write(
        kind, .init(plan: plan, slots: slots, payload: payload), record, stack, sink,
        interval_ns: header.samplingInterval_ns)
    case .event: break
    }
    return false
  }

  // MARK: What events refer to

  private func addresses(_ number: UInt32) -> [UInt64] {
    if number == 0 { return [] }
    if number == stack.number { return stack.addresses }
    stack.number = number
    if !stacks.read(number, header.pointerBytes, to: &stack.addresses) { missingStacks += 1 }
    if stack.addresses.count > Self.framesMax {
      cutStacks += 1
      stack.addresses.removeLast(stack.addresses.count - Self.framesMax)
    }
    return stack.addresses
  }

  func forgetStack() { stack = (0, []) }

  private func labels(_ number: UInt32) -> NetLabels {
    if number == 0 { return NetLabels() }
    if number == list.number { return list.labels }
    let found = labels.with(number) { NetLabels(list: $0) }
    if found == nil { missingLabels += 1 }
    if found?.hasOverrides == true { overrides += 1 }
    list = (number, found ?? NetLabels())
    return list.labels
  }

  func forgetLabels() { list = (0, NetLabels()) }

  private func identity(_ thread: UInt64) -> NetThreads.Identity {
    guard isVersion6 else {
      return .init(tid: UInt32(truncatingIfNeeded: thread), process: process)
    }
    if let known = threads.identity(thread) { return known }
    unknownThreads += 1
    return .init(tid: 0, process: ProcessNumbers.undefined)
  }
}
