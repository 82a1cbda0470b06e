import Glibc
import TraceControl
import TraceEvents
import TraceFormat

/// Turns the kernel's records into the System provider's events. On the source's thread.
final class PerfTranslator {
  let refs: SystemRefs
  let sampling: CPUSampling?
  let source: SampleSource
  let scope: PerfScope
  var clock: PerfClock
  var processes: PerfProcesses
  /// Where events go now.
  private var batch = SystemBatch()
  private var stretches: [Int] = []
  /// Ticks of the last record, by ring.
  private var lastTicks: [UInt64]
  private let cpus: [Int32]
  private var words: [UInt64] = []
  let stacks: SampleStacks
  /// A thread that one of those followed has made.
  var onThread: (_ tid: UInt32) -> Void = { _ in }

  private(set) var lost: UInt64 = 0
  private(set) var throttled: UInt64 = 0
  private(set) var malformed: UInt64 = 0

  static let pathBytesMax = 4096

  init(
    refs: SystemRefs, plan: PerfPlan, wish: PerfPlan.Wish, cpus: [Int32], clock: PerfClock,
    connectedIndex: @escaping (_ pid: UInt32) -> UInt32?
  ) {
    self.refs = refs
    sampling = wish.sampling
    scope = wish.scope
    source = plan.source
    stacks = SampleStacks(wish.sampling?.walk ?? .framePointers)
    self.cpus = cpus
    self.clock = clock
    lastTicks = cpus.map { _ in 0 }
    processes = PerfProcesses(connectedIndex: connectedIndex)
    words.reserveCapacity(1024)
  }

  /// What follows goes into this batch.
  func begin(_ batch: SystemBatch) {
    self.batch = batch
    stretches = cpus.map { cpu in
      batch.stretch(
        stream: SystemBatch.firstStream + UInt32(cpu), cpu: UInt16(truncatingIfNeeded: cpu))
    }
    // What is no CPU's: the rundown, for one.
    stretches.append(batch.stretch(stream: SystemBatch.firstStream + 0xffff, cpu: .max))
  }

  func take(_ record: PerfRecord, _ stamp: PerfStamp, ring: Int) {
    let ticks = clock.ticks(at: stamp.nanoseconds)
    let moment = Moment(ticks: ticks, tid: stamp.tid, stretch: stretches[ring])
    switch record {
    case .sample(let sample): take(sample, pid: stamp.pid, moment)
    case .map(let map): take(map, moment)
    case .name(let pid, let tid, let bytes, let isExec):
      take(name: Self.text(bytes), pid: pid, tid: tid, isExec: isExec, moment)
    case .fork(let task): fork(task, moment)
    case .exit(let task): exit(task, moment)
    case .contextSwitch(let isOut, let isPreempted):
      let direction: SwitchDirection = isOut ? (isPreempted ? .preempted : .off) : .on
      // CPU-wide, the idle thread's ways are those of all others, the other way round.
      if stamp.pid != 0 { emit(ContextSwitch(direction: direction), pid: stamp.pid, moment) }
    case .lost(let count), .lostSamples(let count):
      lose(count, ring, ticks)
    case .throttled: throttled += 1
    case .malformed: malformed += 1
    case .other: break
    }
    lastTicks[ring] = max(lastTicks[ring], ticks)
  }

  /// When, which thread's, and where in the batch.
  struct Moment {
    var ticks: UInt64
    var tid: UInt32
    var stretch: Int
    var flags: EventFlags = []
  }

  /// An event that no CPU made.
  func moment(atNanoseconds now: UInt64, tid: UInt32 = 0, flags: EventFlags = []) -> Moment {
    Moment(ticks: clock.ticks(at: now), tid: tid, stretch: stretches[cpus.count], flags: flags)
  }

  private func lose(_ count: UInt64, _ ring: Int, _ ticks: UInt64) {
    lost &+= count
    stacks.spaces.lose()
    batch.add(
      loss: LossRecord(
        stream: SystemBatch.firstStream + UInt32(cpus[ring]),
        cpu: UInt16(truncatingIfNeeded: cpus[ring]), cause: .kernelBufferFull, count: count,
        fromTicks: lastTicks[ring], toTicks: ticks))
  }

  // MARK: Samples

  private func take(_ sample: PerfSample, pid: UInt32, _ moment: Moment) {
    guard let sampling else { return }
    words.removeAll(keepingCapacity: true)
    words.append(sampling.period_ns)
    words.append(UInt64(source.rawValue))
    stacks.append(sample, pid: pid, to: &words)
    let header = SystemBatch.Header(
      ref: refs.ref(of: SampledProfile.self), flags: .stack, ticks: moment.ticks,
      process: index(of: pid, moment), tid: moment.tid)
    words.withUnsafeBufferPointer { batch.add(header, $0, stretch: moment.stretch) }
  }

  // MARK: Processes

  func index(
    of pid: UInt32, parentPID: UInt32 = 0, name: String = "", _ moment: Moment
  ) -> UInt32 {
    let batch = batch
    return processes.index(of: pid, parentPID: parentPID, name: name, atTicks: moment.ticks) {
      batch.add(process: $0)
    }
  }

  func emit(_ event: some TraceEvent, pid: UInt32, _ moment: Moment) {
    emit(event, process: index(of: pid, moment), moment)
  }

  private func emit<Event: TraceEvent>(_ event: Event, process: UInt32, _ moment: Moment) {
    let header = SystemBatch.Header(
      ref: refs.ref(of: Event.self), flags: moment.flags, ticks: moment.ticks, process: process,
      tid: moment.tid)
    batch.add(event, header, stretch: moment.stretch)
  }

  private func fork(_ task: PerfTask, _ moment: Moment) {
    onThread(task.tid)
    var moment = moment
    moment.tid = task.tid
    guard task.pid != task.parentPID else {
      emit(ThreadStart(name: processes[task.pid]?.name ?? ""), pid: task.pid, moment)
      processes.threadBegan(of: task.pid)
      return
    }
    // The number's former owner has ended, whether that was heard or not.
    processes.forget(task.pid)
    stacks.spaces.fork(task.pid, from: task.parentPID)
    let name = processes[task.parentPID]?.name ?? ""
    let index = index(of: task.pid, parentPID: task.parentPID, name: name, moment)
    processes.setThreads(of: task.pid, 1)
    emit(ProcessStart(parentPID: task.parentPID, name: name), process: index, moment)
  }

  private func exit(_ task: PerfTask, _ moment: Moment) {
    var moment = moment
    moment.tid = task.tid
    guard let process = processes[task.pid] else { return }
    emit(ThreadStop(name: ""), process: process.index, moment)
    guard processes.threadEnded(task.tid, of: task.pid) else { return }
    emit(ProcessStop(parentPID: task.parentPID), process: process.index, moment)
    if !process.isConnected { batch.add(endOf: process.index, atTicks: moment.ticks) }
    processes.forget(task.pid)
    stacks.spaces.forget(task.pid)
  }

  private func take(
    name: String, pid: UInt32, tid: UInt32, isExec: Bool, _ moment: Moment
  ) {
    var moment = moment
    moment.tid = tid
    guard isExec else {
      if pid == tid { processes.rename(pid, name) }
      emit(ThreadName(name: name), pid: pid, moment)
      return
    }
    // A command's events begin at its exec: this is the first that is heard of it.
    if processes[pid] == nil, case .children = scope {
      let index = index(of: pid, name: name, moment)
      emit(ProcessStart(parentPID: UInt32(getpid()), name: name), process: index, moment)
    }
    emit(ProcessExec(name: name), pid: pid, moment)
    processes.exec(pid, name: name)
    stacks.spaces.exec(pid)
  }

  private func take(_ map: PerfMap, _ moment: Moment) {
    stacks.spaces.map(CodeMapping(map), pid: map.pid)
    let image = ImageMap(
      baseAddress: map.address, size: map.size, fileOffset: map.fileOffset,
      path: Self.text(UnsafeRawBufferPointer(rebasing: map.path.prefix(Self.pathBytesMax))),
      buildID: Array(map.buildID), device: ProcessMaps.device(major: map.major, minor: map.minor),
      inode: map.inode)
    emit(image, pid: map.pid, moment)
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}
