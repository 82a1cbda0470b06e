internal import OSStrings
public import TraceEvents
internal import TraceFormat

/// Translates the kernel's records into the System provider's events: bytes in, typed events out.
///
/// Records must be in the order of their times, except for small deviations. Other facts about
/// processes come from ``ProcessFacts``; events go to a ``KernelEventSink``.
///
/// - Guarantee: uses only the records, the facts and the clock. Records that no kernel writes are
///   counted in ``malformed`` and have no other effect. Memory is bounded by the number of
///   processes that run at a time.
/// - Trap: not thread-safe.
public final class PerfTranslator {
  /// The processes whose records arrive, and which of these are recorded.
  public enum Scope: Hashable, Sendable {
    /// Records of all processes; the filter selects the recorded ones.
    case all
    /// Records of a command started by `parent`; they begin with the command's exec.
    case children(parent: UInt32)
    /// Records of all processes; only descendants of a thread of the parent are recorded.
    case descendants(thread: UInt32, parent: UInt32)
  }

  /// The kinds of events and the processes to record.
  public struct Options: Hashable, Sendable {
    /// The CPU time that a sample represents; if nil, no samples are recorded.
    public var samplePeriod_ns: UInt64?
    public var source: SampleSource
    public var scope: Scope
    public var filter: ProgramFilter

    public init(
      samplePeriod_ns: UInt64? = nil, source: SampleSource = .cpuClock, scope: Scope = .all,
      filter: ProgramFilter = ProgramFilter()
    ) {
      self.samplePeriod_ns = samplePeriod_ns
      self.source = source
      self.scope = scope
      self.filter = filter
    }
  }

  private let options: Options
  let facts: any ProcessFacts
  let sink: any KernelEventSink
  let stacks: any SampleStackWalker
  /// Receives the events that matter for jitdump files and perf maps.
  let runtimeCode: (any RuntimeCodeObserver)?
  /// Converts the kernel's times to the recording's ticks.
  @exclusivity(unchecked) public var clock: PerfClock
  /// Called with each thread that a followed process creates.
  public var onThread: (_ tid: UInt32) -> Void = { _ in }
  @exclusivity(unchecked) var processes: PerfProcesses
  private var writableCode = WritableCode()
  var remappedText = RemappedText()
  var missedEnds = MissedEnds()
  /// Ticks of the last record, by ring.
  @exclusivity(unchecked) private var lastTicks: [UInt64]
  @exclusivity(unchecked) var stack: [UInt64] = []
  /// The events whose samples are no CPU samples.
  @exclusivity(unchecked) public var switches = SwitchEvents() {
    didSet { kinds = SwitchKinds(switches.kinds) }
  }
  @exclusivity(unchecked) private(set) var kinds = SwitchKinds([:])
  /// The thread that is about to stop running, by ring.
  @exclusivity(unchecked) var leaving: [LeavingThread]
  /// Threads whose events are recorded, for wake-ups by other programs.
  @exclusivity(unchecked) var knownThreads = KnownThreads()
  /// Whether a record of the command to be followed has arrived.
  private var hasBegun = false
  /// Number of records that the kernel dropped because a ring was full.
  public private(set) var lost: UInt64 = 0
  /// Number of times that the kernel throttled sampling.
  public private(set) var throttled: UInt64 = 0
  /// Number of records whose length does not fit their kind.
  public internal(set) var malformed: UInt64 = 0

  static let pathBytesMax = 4096

  /// - Parameter ringCount: the number of rings; ring numbers are below it.
  public init(
    _ options: Options = Options(), ringCount: Int, clock: PerfClock, facts: any ProcessFacts,
    sink: any KernelEventSink, stacks: any SampleStackWalker = CallchainStacks(),
    runtimeCode: (any RuntimeCodeObserver)? = nil
  ) {
    self.options = options
    self.facts = facts
    self.sink = sink
    self.stacks = stacks
    self.runtimeCode = runtimeCode
    self.clock = clock
    lastTicks = [UInt64](repeating: 0, count: ringCount)
    leaving = [LeavingThread](
      repeating: LeavingThread(tid: .max, state: .unknown), count: ringCount)
    processes = PerfProcesses(filter: options.filter, facts)
    if case .descendants(let thread, let parent) = options.scope {
      processes.ancestor = (thread, parent)
    }
    stack.reserveCapacity(1024)
  }

  // MARK: Records

  /// Translates the records in `bytes`, one after the other.
  ///
  /// - Returns: the number of bytes used: all but an incomplete record at the end. Bytes that
  ///   cannot be a record are counted in ``malformed`` and used together with all bytes after them.
  @discardableResult
  public func take(
    _ bytes: UnsafeRawBufferPointer, _ parser: PerfRecordParser, ring: Int = 0
  ) -> Int {
    var used = 0
    while used < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
      guard let size = PerfRecordParser.recordBytes(at: rest) else {
        guard PerfRecordParser.isNoRecord(rest) else { return used }
        malformed += 1
        return bytes.count
      }
      let record = UnsafeRawBufferPointer(rebasing: rest.prefix(size))
      if let stamp = parser.stamp(record) {
        take(parser.parse(record), stamp, ring: ring)
      } else {
        malformed += 1
      }
      used += size
    }
    return used
  }

  /// Translates one record of a ring.
  public func take(_ record: PerfRecord, _ stamp: PerfStamp, ring: Int = 0) {
    let ticks = clock.ticks(at: stamp.nanoseconds)
    let moment = Moment(
      ticks: ticks, nanoseconds: stamp.nanoseconds, tid: stamp.tid, ring: ring)
    if !takeAfterEnd(record, pid: stamp.pid, moment) { takeInOrder(record, stamp, moment, ring) }
    lastTicks[ring] = max(lastTicks[ring], ticks)
  }

  private func takeInOrder(
    _ record: PerfRecord, _ stamp: PerfStamp, _ moment: Moment, _ ring: Int
  ) {
    switch record {
    case .sample(let sample): take(sample, pid: stamp.pid, moment)
    case .map(let map): take(map, moment)
    case .name(let pid, let tid, let bytes, let isExec):
      take(name: Self.text(bytes), pid: pid, tid: tid, isExec: isExec, moment)
    case .fork(let task): fork(task, moment)
    case .exit(let task): exit(task, moment)
    case .contextSwitch(let isOut, let isPreempted):
      // With records of whole CPUs, the idle thread's switches are the inverse of all others'.
      if stamp.pid != 0, processes.admits(stamp.pid) {
        contextSwitch(isOut, isPreempted, process: index(of: stamp.pid, moment), moment)
      }
    case .lost(let count), .lostSamples(let count):
      lose(count, ring, moment.ticks)
    case .throttled: throttled += 1
    case .malformed: malformed += 1
    case .other: break
    }
  }

  /// The time, thread and ring of a record.
  struct Moment {
    var ticks: UInt64
    /// CLOCK_MONOTONIC.
    var nanoseconds: UInt64
    var tid: UInt32
    /// Nil for an event that comes from no ring.
    var ring: Int?
    var flags: EventFlags = []

    var ofProcess: PerfProcesses.Moment {
      PerfProcesses.Moment(ticks: ticks, nanoseconds: nanoseconds)
    }
  }

  /// The moment of an event that comes from no ring.
  func moment(atNanoseconds now: UInt64, tid: UInt32 = 0, flags: EventFlags = []) -> Moment {
    Moment(
      ticks: clock.ticks(at: now), nanoseconds: now, tid: tid, ring: nil, flags: flags)
  }

  private func lose(_ count: UInt64, _ ring: Int, _ ticks: UInt64) {
    lost &+= count
    processes.mayMissForks = true
    missedEnds.isWanted = true
    stacks.lose()
    sink.lose(
      KernelLoss(ring: ring, count: count, fromTicks: lastTicks[ring], toTicks: ticks))
  }

  // MARK: Samples

  private func take(_ sample: PerfSample, pid: UInt32, _ moment: Moment) {
    let kind = kind(of: sample)
    guard kind == .wakeUp ? recordsWaker(pid) : processes.admits(pid) else {
      if kind == .wakeUp { wake(sample, pid: pid, process: nil, moment) }
      return
    }
    let process = index(of: pid, moment)
    add(sample, kind, pid: pid, process: process, moment)
    guard kind == nil else { return }
    runtimeCode?.sampled(pid, process: process, atTicks: moment.ticks)
  }

  /// What a sample reports; nil for a CPU sample.
  func kind(of sample: PerfSample) -> SwitchEvents.Kind? {
    kinds[sample.identifier]
  }

  func add(
    _ sample: PerfSample, _ kind: SwitchEvents.Kind?, pid: UInt32, process: UInt32, _ moment: Moment
  ) {
    switch kind {
    case .switchOut: return leave(sample, pid: pid, moment)
    case .wakeUp: return wake(sample, pid: pid, process: process, moment)
    case nil: break
    }
    guard let period_ns = options.samplePeriod_ns else { return }
    stack.removeAll(keepingCapacity: true)
    stacks.append(sample, pid: pid, to: &stack)
    sink.add(
      SampledProfile(weight: period_ns, source: options.source), stack: stack,
      header(process, moment))
  }

  // MARK: Processes

  func index(of pid: UInt32, name: String = "", _ moment: Moment) -> UInt32 {
    processes.index(of: pid, name: name, at: moment.ofProcess, sink)
  }

  func emit(_ event: some TraceEvent, pid: UInt32, _ moment: Moment) {
    emit(event, process: index(of: pid, moment), moment)
  }

  func emit(_ event: some TraceEvent, process: UInt32, _ moment: Moment) {
    sink.add(event, header(process, moment))
  }

  func header(_ process: UInt32, _ moment: Moment) -> KernelEventHeader {
    KernelEventHeader(
      ticks: moment.ticks, process: process, tid: moment.tid, flags: moment.flags,
      ring: moment.ring)
  }

  private func fork(_ task: PerfTask, _ moment: Moment) {
    onThread(task.tid)
    var moment = moment
    moment.tid = task.tid
    guard task.pid != task.parentPID else {
      processes.threadBegan(of: task.pid)
      guard processes.admits(task.pid) else { return }
      knowThread(task.tid)
      emit(ThreadStart(name: processes[task.pid]?.name ?? ""), pid: task.pid, moment)
      return
    }
    let former = processes[task.pid]
    if processes.began(task, at: moment.nanoseconds) {
      // The exit record of the pid's previous process was lost.
      if let index = former?.index, former?.isConnected == false {
        sink.end(process: index, atTicks: moment.ticks)
      }
      runtimeCode?.forget(task.pid)
      stacks.fork(task.pid, from: task.parentPID)
      writableCode.fork(task.pid, from: task.parentPID)
      remappedText.fork(task.pid, from: task.parentPID)
    }
    guard let process = processes[task.pid], process.isAdmitted else { return }
    knowThread(task.tid)
    emit(ProcessStart(parentPID: task.parentPID, name: process.name), pid: task.pid, moment)
    if facts.sharesMemory(task.pid, with: task.parentPID) {
      emit(AddressSpaceShared(parentPID: task.parentPID), pid: task.pid, moment)
    }
    runtimeCode?.forked(
      task.pid, from: task.parentPID, process: index(of: task.pid, moment), atTicks: moment.ticks)
  }

  private func exit(_ task: PerfTask, _ moment: Moment) {
    var moment = moment
    moment.tid = task.tid
    knownThreads.remove(task.tid)
    guard let process = processes[task.pid] else { return }
    if let index = process.index, process.isAdmitted {
      emit(ThreadStop(name: ""), process: index, moment)
    }
    guard processes.threadEnded(task.tid, of: task.pid) else { return }
    if let index = process.index, process.isAdmitted {
      emit(ProcessStop(parentPID: task.parentPID), process: index, moment)
    }
    end(task.pid, moment)
  }

  /// Removes the state of a pid that denotes another process from now on.
  func forget(_ pid: UInt32) {
    stacks.forget(pid)
    writableCode.forget(pid)
    remappedText.forget(pid)
  }

  private func take(
    name: String, pid: UInt32, tid: UInt32, isExec: Bool, _ moment: Moment
  ) {
    var moment = moment
    moment.tid = tid
    guard isExec else {
      if pid == tid { processes.rename(pid, name) }
      if processes.admits(pid) { emit(ThreadName(name: name), pid: pid, moment) }
      return
    }
    let name = facts.programName(of: pid, command: name)
    let parent = parentOfCommand(pid)
    let last = processes[pid]
    processes.exec(pid, name: name)
    // No state is kept for processes that are not followed.
    if processes[pid] != nil { stacks.exec(pid) }
    writableCode.forget(pid)
    remappedText.forget(pid)
    // The previous program has ended, whether or not the new one is admitted.
    guard processes.admits(pid) || (last?.index != nil && last?.isAdmitted == true) else { return }
    if let parent { emit(ProcessStart(parentPID: parent, name: name), pid: pid, moment) }
    emit(ProcessExec(name: name), pid: pid, moment)
    knowThread(tid)
    if let index = processes[pid]?.index { sink.rename(process: index, to: name) }
    runtimeCode?.execed(pid, process: index(of: pid, moment), atTicks: moment.ticks)
  }

  /// Returns the parent of the command to be followed, if this exec is the first record of the
  /// command. If a process's first record is a later exec, its fork record was lost.
  private func parentOfCommand(_ pid: UInt32) -> UInt32? {
    switch options.scope {
    case .children(let parent) where !hasBegun:
      hasBegun = true
      return processes[pid] == nil ? parent : nil
    case .descendants(_, let parent): return processes[pid]?.isBeforeExec == true ? parent : nil
    default: return nil
    }
  }

  private func take(_ map: PerfMap, _ moment: Moment) {
    guard processes.admits(map.pid) else { return }
    let image = image(of: map, moment)
    let mapping = RemappedText.Mapping(image: image, mappedAt_ns: moment.nanoseconds)
    for part in remappedText.map(mapping, pid: map.pid, facts) {
      stacks.map(part.image, pid: map.pid)
      emit(part.image, pid: map.pid, moment)
    }
    let change = writableCode.map(map)
    if change != .none {
      emit(
        CodeReplaced(address: map.address, size: map.size, isSure: change == .isNew), pid: map.pid,
        moment)
    }
    runtimeCode?.mapped(
      image, pid: map.pid, process: index(of: map.pid, moment), atTicks: moment.ticks)
  }

  func image(of map: PerfMap, _ moment: Moment) -> ImageMap {
    var image = ImageMap(
      baseAddress: map.address, size: map.size, fileOffset: map.fileOffset,
      path: Self.text(map.path), buildID: Array(map.buildID),
      device: ProcessMaps.device(major: map.major, minor: map.minor), inode: map.inode)
    image.buildID = facts.buildID(of: image, in: map.pid, mappedAt: moment.nanoseconds)
    return image
  }

  /// Converts a path or a name.
  static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(osBytes: UnsafeRawBufferPointer(rebasing: bytes.prefix(pathBytesMax)))
  }
}
