import TraceEvents
import TraceFormat

/// Tells what the threads of processes are called, where the kernel's events do not: of each
/// process that was listed, once, when it joins.
///
/// - Cost: reads /proc/PID/task/TID/comm of each thread, at most 4096 of a process.
/// - Trap: threads that begin later, and names that are given later, are not told.
final class ConnectedThreads: Sendable {
  private let channel: SystemChannel
  private static let batchLimit_ns: UInt64 = 100_000_000

  init(_ channel: SystemChannel) { self.channel = channel }

  /// From any thread.
  func tell(_ process: ConnectedImages.Process) {
    let threads = ProcFiles.threads(of: process.pid).prefix(PerfTranslator.threadsNamedMax)
    let names = threads.compactMap { thread -> (tid: UInt32, name: String)? in
      let tid = UInt32(bitPattern: thread)
      // The first thread's is the process's.
      guard tid != process.pid else { return nil }
      return ProcFiles.name(of: process.pid, thread: tid).map { (tid, $0) }
    }
    guard !names.isEmpty,
      let batch = channel.take(waitingNanoseconds: Self.batchLimit_ns)
    else { return }
    let stretch = batch.stretch(stream: StreamNumbers.machine, cpu: EventHeader.noCPU)
    let ticks = ClockKind.here.now()
    for (tid, name) in names {
      let header = SystemBatch.Header(
        ref: channel.refs.ref(of: ThreadStart.self), flags: .rundown, ticks: ticks,
        process: process.index, tid: tid)
      batch.add(ThreadStart(name: name), header, stretch: stretch)
    }
    channel.send(batch)
  }
}
