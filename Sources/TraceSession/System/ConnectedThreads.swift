import Locks
import TraceEvents
import TraceFormat
import TraceKernel

/// Records the thread names that listed processes have when they join, for sessions that get no
/// names from the kernel.
///
/// - Guarantee: the names of a process are recorded once. When no batch is free, they wait for the
///   next process that joins or for the session's end.
/// - Cost: one read of /proc/PID/task/TID/comm per thread, for at most 4096 threads of a process.
/// - Trap: threads that begin later and names that change later are not recorded.
final class ConnectedThreads: SessionSource {
  /// The names that one process had at one time.
  private struct Names {
    var process: ConnectedImages.Process
    var ticks: UInt64
    var threads: [(tid: UInt32, name: String)]
  }

  private let channel: SystemChannel
  private let waiting = Lock<[Names]>([])
  private static let batchLimit_ns: UInt64 = 100_000_000
  /// Maximum number of processes whose names wait for a batch.
  private static let waitingMax = 64

  init(_ channel: SystemChannel) { self.channel = channel }

  /// Does nothing, because names are read when processes join.
  func start() throws(SessionError) {}

  /// Records the names that are still waiting.
  func stop() { recordWaiting() }

  /// Reads the names of a process and records them. Thread-safe.
  func add(_ process: ConnectedImages.Process) {
    let threads = ProcFiles.threads(of: process.pid).prefix(PerfTranslator.threadsNamedMax)
    let names = threads.compactMap { thread -> (tid: UInt32, name: String)? in
      let tid = UInt32(bitPattern: thread)
      // The first thread's name is the process's.
      guard tid != process.pid else { return nil }
      return ProcFiles.name(of: process.pid, thread: tid).map { (tid, $0) }
    }
    guard !names.isEmpty else { return }
    let ticks = ClockKind.here.now()
    waiting.withLock {
      if $0.count < Self.waitingMax {
        $0.append(Names(process: process, ticks: ticks, threads: names))
      }
    }
    recordWaiting()
  }

  /// Records the waiting names, in one batch for each process, while batches are available.
  private func recordWaiting() {
    waiting.withLock { waiting in
      while let names = waiting.first,
        let batch = channel.take(waitingNanoseconds: Self.batchLimit_ns)
      {
        write(names, to: batch)
        channel.send(batch)
        waiting.removeFirst()
      }
    }
  }

  private func write(_ names: Names, to batch: SystemBatch) {
    let stretch = batch.stretch(stream: StreamNumbers.machine, cpu: EventHeader.noCPU)
    for (tid, name) in names.threads {
      let header = SystemBatch.Header(
        ref: channel.refs.ref(of: ThreadStart.self), flags: .rundown, ticks: names.ticks,
        process: names.process.index, tid: tid)
      batch.add(ThreadStart(name: name), header, stretch: stretch)
    }
  }
}
