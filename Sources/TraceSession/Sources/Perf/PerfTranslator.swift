import Glibc
import OSStrings
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
  let images: ImageFiles
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
  /// What matters for files that announce code.
  var codeFiles = CodeFileNotices()
  private var writableCode = WritableCode()
  var remappedText = RemappedText()

  /// The command that was to be followed has been heard of.
  private var hasBegun = false
  private(set) var lost: UInt64 = 0
  private(set) var throttled: UInt64 = 0
  private(set) var malformed: UInt64 = 0

  static let pathBytesMax = 4096

  init(
    refs: SystemRefs, plan: PerfPlan, wish: PerfPlan.Wish, cpus: [Int32], clock: PerfClock,
    images: ImageFiles = ImageFiles(heldMax: 0), filter: ProgramFilter = ProgramFilter(),
    connectedIndex: @escaping (_ pid: UInt32) -> UInt32?
  ) {
    self.refs = refs
    sampling = wish.sampling
    scope = wish.scope
    source = plan.source
    stacks = SampleStacks(wish.sampling?.walk ?? .framePointers)
    self.cpus = cpus
    self.clock = clock
    self.images = images
    lastTicks = cpus.map { _ in 0 }
    processes = PerfProcesses(filter: filter, connectedIndex: connectedIndex)
    if case .descendants(let thread) = wish.scope {
      processes.ancestor = UInt32(bitPattern: thread)
    }
    words.reserveCapacity(1024)
  }

  /// What follows goes into this batch.
  func begin(_ batch: SystemBatch) {
    self.batch = batch
    stretches = cpus.map { cpu in
      batch.stretch(
        stream: StreamNumbers.cpu(cpu), cpu: UInt16(truncatingIfNeeded: cpu))
    }
    // What is no CPU's: the rundown, for one.
    stretches.append(
      batch.stretch(stream: StreamNumbers.machine, cpu: EventHeader.noCPU))
  }

  func take(_ record: PerfRecord, _ stamp: PerfStamp, ring: Int) {
    let ticks = clock.ticks(at: stamp.nanoseconds)
    let moment = Moment(
      ticks: ticks, nanoseconds: stamp.nanoseconds, tid: stamp.tid, stretch: stretches[ring])
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
      // CPU-wide, the idle thread's ways are those of all others, the other way round.
      if stamp.pid != 0, processes.admits(stamp.pid) {
        emit(Self.contextSwitch(isOut, isPreempted), pid: stamp.pid, moment)
      }
    case .lost(let count), .lostSamples(let count):
      lose(count, ring, moment.ticks)
    case .throttled: throttled += 1
    case .malformed: malformed += 1
    case .other: break
    }
  }

  static func contextSwitch(_ isOut: Bool, _ isPreempted: Bool) -> ContextSwitch {
    ContextSwitch(direction: isOut ? (isPreempted ? .preempted : .off) : .on)
  }

  /// When, which thread's, and where in the batch.
  struct Moment {
    var ticks: UInt64
    /// CLOCK_MONOTONIC.
    var nanoseconds: UInt64
    var tid: UInt32
    var stretch: Int
    var flags: EventFlags = []

    var ofProcess: PerfProcesses.Moment {
      PerfProcesses.Moment(ticks: ticks, nanoseconds: nanoseconds)
    }
  }

  /// An event that no CPU made.
  func moment(atNanoseconds now: UInt64, tid: UInt32 = 0, flags: EventFlags = []) -> Moment {
    Moment(
      ticks: clock.ticks(at: now), nanoseconds: now, tid: tid, stretch: stretches[cpus.count],
      flags: flags)
  }

  private func lose(_ count: UInt64, _ ring: Int, _ ticks: UInt64) {
    lost &+= count
    processes.mayMissForks = true
    stacks.spaces.lose()
    batch.add(
      loss: LossRecord(
        stream: StreamNumbers.cpu(cpus[ring]),
        cpu: UInt16(truncatingIfNeeded: cpus[ring]), cause: .kernelBufferFull, count: count,
        fromTicks: lastTicks[ring], toTicks: ticks))
  }

  // MARK: Samples

  private func take(_ sample: PerfSample, pid: UInt32, _ moment: Moment) {
    guard processes.admits(pid) else { return }
    let process = index(of: pid, moment)
    add(sample, pid: pid, process: process, moment)
    codeFiles.mayHaveMap(pid, process: process, atTicks: moment.ticks)
  }

  func add(_ sample: PerfSample, pid: UInt32, process: UInt32, _ moment: Moment) {
    guard let sampling else { return }
    words.removeAll(keepingCapacity: true)
    words.append(sampling.period_ns)
    words.append(UInt64(source.rawValue))
    stacks.append(sample, pid: pid, to: &words)
    let header = SystemBatch.Header(
      ref: refs.ref(of: SampledProfile.self), flags: .stack, ticks: moment.ticks,
      process: process, tid: moment.tid)
    words.withUnsafeBufferPointer { batch.add(header, $0, stretch: moment.stretch) }
  }

  // MARK: Processes

  func index(of pid: UInt32, name: String = "", _ moment: Moment) -> UInt32 {
    let batch = batch
    return processes.index(of: pid, name: name, at: moment.ofProcess) { batch.add(process: $0) }
  }

  func emit(_ event: some TraceEvent, pid: UInt32, _ moment: Moment) {
    emit(event, process: index(of: pid, moment), moment)
  }

  func emit<Event: TraceEvent>(_ event: Event, process: UInt32, _ moment: Moment) {
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
      processes.threadBegan(of: task.pid)
      guard processes.admits(task.pid) else { return }
      emit(ThreadStart(name: processes[task.pid]?.name ?? ""), pid: task.pid, moment)
      return
    }
    if processes.began(task, at: moment.nanoseconds) {
      codeFiles.forget(task.pid)
      stacks.spaces.fork(task.pid, from: task.parentPID)
      writableCode.fork(task.pid, from: task.parentPID)
      remappedText.fork(task.pid, from: task.parentPID)
    }
    guard let process = processes[task.pid], process.isAdmitted else { return }
    emit(ProcessStart(parentPID: task.parentPID, name: process.name), pid: task.pid, moment)
    codeFiles.forked(
      task.pid, from: task.parentPID, process: index(of: task.pid, moment), atTicks: moment.ticks)
  }

  private func exit(_ task: PerfTask, _ moment: Moment) {
    var moment = moment
    moment.tid = task.tid
    guard let process = processes[task.pid] else { return }
    if let index = process.index, process.isAdmitted {
      emit(ThreadStop(name: ""), process: index, moment)
    }
    guard processes.threadEnded(task.tid, of: task.pid) else { return }
    codeFiles.ended(task.pid, atTicks: moment.ticks)
    processes.end(task.pid, at: moment.ofProcess)
    stacks.spaces.forget(task.pid)
    writableCode.forget(task.pid)
    remappedText.forget(task.pid)
    guard let index = process.index else { return }
    if process.isAdmitted { emit(ProcessStop(parentPID: task.parentPID), process: index, moment) }
    if !process.isConnected { batch.add(endOf: index, atTicks: moment.ticks) }
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
    let name = programName(name, pid)
    let isFirst = isCommandsBegin(pid)
    let last = processes[pid]
    processes.exec(pid, name: name)
    // Of one that is not followed nothing is kept.
    if processes[pid] != nil { stacks.spaces.exec(pid) }
    writableCode.forget(pid)
    remappedText.forget(pid)
    // What ran before is over, whether what runs now is wanted or not.
    guard processes.admits(pid) || (last?.index != nil && last?.isAdmitted == true) else { return }
    if isFirst { emit(ProcessStart(parentPID: UInt32(getpid()), name: name), pid: pid, moment) }
    emit(ProcessExec(name: name), pid: pid, moment)
    if let index = processes[pid]?.index { batch.rename(process: index, name) }
    codeFiles.execed(pid, process: index(of: pid, moment), atTicks: moment.ticks)
  }

  /// What a dynamic linker runs is the program, while /proc still knows.
  private func programName(_ name: String, _ pid: UInt32) -> String {
    guard LoaderCommand.isLoader(name), let path = ProcessIdentity.executable(of: pid),
      let program = path.split(separator: "/").last, !LoaderCommand.isLoader(path)
    else { return name }
    return String(program)
  }

  /// A command's events begin at its exec: this is the first that is heard of it. A process that
  /// is heard of by its exec later is one whose fork was lost.
  private func isCommandsBegin(_ pid: UInt32) -> Bool {
    switch scope {
    case .children where !hasBegun:
      hasBegun = true
      return processes[pid] == nil
    case .descendants: return processes[pid]?.isBeforeExec == true
    default: return false
    }
  }

  private func take(_ map: PerfMap, _ moment: Moment) {
    guard processes.admits(map.pid) else { return }
    let image = image(of: map, moment)
    let mapping = RemappedText.Mapping(
      image: image, code: CodeMapping(map, buildID: image.buildID),
      mappedAt_ns: moment.nanoseconds)
    for part in remappedText.map(mapping, pid: map.pid, images) {
      stacks.spaces.map(part.code, pid: map.pid)
      emit(part.image, pid: map.pid, moment)
    }
    let change = writableCode.map(map)
    if change != .none {
      emit(
        CodeReplaced(address: map.address, size: map.size, isSure: change == .isNew), pid: map.pid,
        moment)
    }
    codeFiles.mapped(
      image.path, map, process: index(of: map.pid, moment), atTicks: moment.ticks)
  }

  func image(of map: PerfMap, _ moment: Moment) -> ImageMap {
    let path = Self.text(UnsafeRawBufferPointer(rebasing: map.path.prefix(Self.pathBytesMax)))
    var image = ImageMap(
      baseAddress: map.address, size: map.size, fileOffset: map.fileOffset, path: path,
      buildID: Array(map.buildID), device: ProcessMaps.device(major: map.major, minor: map.minor),
      inode: map.inode)
    image.buildID = images.buildID(
      of: ImageFiles.Mapping(
        pid: map.pid, start: map.address, end: map.address &+ map.size, path: path,
        buildID: image.buildID, device: image.device, inode: image.inode,
        isDeleted: path.hasSuffix(" (deleted)"), mappedAt_ns: moment.nanoseconds),
      isRundown: false)
    return image
  }

  static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(osBytes: bytes)
  }
}
