import CTraceShims
import Glibc
import Locks
import Synchronization
import TraceEvents
import TraceFormat
import TraceKernel

/// Reports the mapped code of processes that have joined the session, if the kernel's events do
/// not, so that the samples that they take of themselves and their events' stacks have names.
///
/// - Guarantee: reports the mappings that a process had when it joined, however short it lives.
///   Later mappings are reported if they still exist at the next scan; the last scan is at the end.
/// - Cost: reads /proc/PID/maps of each process four times a second or less often, never taking
///   more than a twentieth of a CPU.
/// - Trap: if an address is mapped to another image between two scans, samples of that time get the
///   former image's name.
final class ConnectedImages: SessionSource {
  /// A process that has joined, and the session's number of it.
  struct Process: Hashable {
    var pid: UInt32
    var index: UInt32
  }

  /// The reported mappings, by process and address.
  private typealias Told = [UInt32: [UInt64: ProcessMap]]

  private let channel: SystemChannel
  private let connected: @Sendable () -> [Process]
  private let told = Lock<Told>([:])
  private let kick: Int32
  private let isStopping = Atomic<Bool>(false)
  private let thread = Lock<NamedThread?>(nil)

  private static let lookMilliseconds: Int32 = 250
  /// The minimum time between two scans, as a multiple of a scan's duration.
  private static let restFactor: UInt64 = 20
  /// Maximum number of images reported for one process; the kernel's limit of maps is 65,530.
  static let imagesMax = 65_536
  /// Maximum time for which a joining process is delayed; mappings not reported in this time are
  /// reported by the next scan.
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

  /// Scans once more, and ends. Repeated calls do nothing.
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

  /// Reports the process's mappings since the last scan. Thread-safe.
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

  /// Reports mappings; returns whether a batch was available.
  private func tell(_ maps: [ProcessMap], _ process: Process) -> Bool {
    guard let batch = channel.take(waitingNanoseconds: Self.batchLimit_ns) else { return false }
    let stretch = batch.stretch(stream: StreamNumbers.machine, cpu: EventHeader.noCPU)
    // The mappings have existed for an unknown time.
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
