import CTraceShims
import Glibc
import Synchronization
import TraceEvents
import TraceFormat
import TraceKernel

/// Tells what code the processes that have joined the session map, where the kernel's events do
/// not: so that the samples that they take of themselves, and their events' stacks, have names.
///
/// - Guarantee: what a process had mapped when it joined is told, however short it lives; what it
///   maps later is told when it is still there at the next look, the last of which is at the end.
/// - Cost: reading /proc/PID/maps of each process four times a second, or less often: never more
///   than a twentieth of a CPU.
/// - Trap: where another image takes an address between two looks, samples of that time get the
///   former's name.
final class ConnectedImages: SessionSource {
  /// A process that has joined, and the session's number for it.
  struct Process: Hashable {
    var pid: UInt32
    var index: UInt32
  }

  /// What has been told, by process and address.
  private typealias Told = [UInt32: [UInt64: ProcessMap]]

  private let channel: SystemChannel
  private let connected: @Sendable () -> [Process]
  private let told = Mutex<Told>([:])
  private let kick: Int32
  private let isStopping = Atomic<Bool>(false)
  private let thread = Mutex<NamedThread?>(nil)

  private static let lookMilliseconds: Int32 = 250
  /// The time between two looks is at least so many times what a look takes.
  private static let restFactor: UInt64 = 20
  /// Images of one process that are told; the kernel's own limit of maps is 65,530.
  static let imagesMax = 65_536
  /// A process that joins is waited for no longer than this: what is not told now is at the next
  /// look.
  private static let batchLimit_ns: UInt64 = 100_000_000

  init(_ channel: SystemChannel, connected: @escaping @Sendable () -> [Process]) {
    self.channel = channel
    self.connected = connected
    kick = trace_wake_descriptor()
  }

  deinit { if kick >= 0 { close(kick) } }

  func start() throws(SessionError) {
    let started = try NamedThread("trace-images") { [self] in run() }
    thread.withLock { $0 = started }
  }

  /// Looks once more, and ends. Again: does nothing.
  func stop() {
    isStopping.store(true, ordering: .releasing)
    trace_wake(kick)
    thread.withLock { $0 }?.join()
  }

  private func run() {
    while true {
      let isLast = isStopping.load(ordering: .acquiring)
      let start_ns = trace_monotonic_ns()
      let processes = connected()
      for process in processes { look(at: process) }
      let running = Set(processes.map(\.index))
      told.withLock { told in told = told.filter { running.contains($0.key) } }
      if isLast { return }
      let rest_ms = (trace_monotonic_ns() - start_ns) * Self.restFactor / 1_000_000
      var polls = [pollfd(fd: kick, events: Int16(POLLIN), revents: 0)]
      trace_poll(&polls, 1, max(Self.lookMilliseconds, Int32(clamping: rest_ms)))
    }
  }

  /// Tells what the process has mapped since it was looked at last. From any thread.
  func look(at process: Process) {
    told.withLock { told in
      let known = told[process.index] ?? [:]
      var found: [ProcessMap] = []
      ProcessMaps.read(pid: process.pid) { map in
        guard map.isCode, known[map.start] != map,
          known.count + found.count < Self.imagesMax
        else { return }
        found.append(map)
      }
      guard !found.isEmpty, tell(found, process) else { return }
      told[process.index] = known.merging(found.map { ($0.start, $0) }) { $1 }
    }
  }

  /// Whether there was a batch for it.
  private func tell(_ maps: [ProcessMap], _ process: Process) -> Bool {
    guard let batch = channel.take(waitingNanoseconds: Self.batchLimit_ns) else { return false }
    let stretch = batch.stretch(stream: StreamNumbers.machine, cpu: EventHeader.noCPU)
    // They have been there for a while: how long is not known.
    let header = SystemBatch.Header(
      ref: channel.refs.ref(of: ImageMap.self), flags: .rundown,
      ticks: ClockKind.here.now(),
      process: process.index, tid: process.pid)
    for map in maps {
      var image = map.image
      image.buildID = channel.images.buildID(
        of: ImageFiles.Mapping(image, pid: process.pid, mappedAt_ns: nil), isRundown: false)
      batch.add(image, header, stretch: stretch)
    }
    channel.send(batch)
    return true
  }
}
