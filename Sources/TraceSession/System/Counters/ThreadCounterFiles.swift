import Glibc
import OSStrings
import TraceEvents

/// Waits for a CPU and switches of a process's threads, which the kernel counts by thread only.
///
/// - Guarantee: the sums never decrease; what an ended thread had counted stays in them.
struct ThreadCounterFiles {
  /// Maximum number of threads of a process that are counted: the first ones.
  static let threadsMax = 64
  /// Number of readings after which threads are listed again even if their number has not changed.
  private static let listingInterval = 8

  private struct Thread {
    var tid: Int32
    var schedule: CounterFile
    var status: CounterFile
    var waited: UInt64 = 0
    var voluntary: UInt64 = 0
    var involuntary: UInt64 = 0
    /// Whether what it has counted before its first reading is part of the sums.
    var countsPast: Bool
  }

  private let directory: Int32
  private var threads: [Thread] = []
  private var listedCount: UInt32?
  /// Whether all threads were counted after the last listing.
  private var isComplete = true
  private var readings = 0
  private(set) var waited: UInt64 = 0
  private(set) var voluntary: UInt64 = 0
  private(set) var involuntary: UInt64 = 0

  /// - Parameter directory: a descriptor of `/proc/PID`.
  init(directory: Int32) { self.directory = directory }

  /// Number of threads that are counted.
  var count: UInt32 { UInt32(threads.count) }

  /// Reads the counters.
  ///
  /// - Parameters:
  ///   - running: the number of threads that the process has now.
  ///   - room: how many threads more may be counted.
  /// - Cost: two reads for each thread; a listing if their number has changed.
  mutating func read(
    running: UInt32, room: Int, _ buffer: UnsafeMutableRawBufferPointer
  ) {
    readings += 1
    if running != listedCount || readings.isMultiple(of: Self.listingInterval) {
      list(running, max: min(Self.threadsMax, threads.count + max(0, room)))
      listedCount = running
    }
    for index in threads.indices.reversed() where !read(index, buffer) {
      threads.remove(at: index)
    }
  }

  private mutating func list(_ running: UInt32, max: Int) {
    // A thread that was left out so far would make the sums jump.
    let countsPast = isComplete
    for tid in ProcFiles.threads(in: directory) {
      if threads.contains(where: { $0.tid == tid }) { continue }
      guard threads.count < max,
        let schedule = CounterFile(below: directory, "task/\(tid)/schedstat"),
        let status = CounterFile(below: directory, "task/\(tid)/status")
      else { continue }
      threads.append(
        Thread(tid: tid, schedule: schedule, status: status, countsPast: countsPast))
    }
    isComplete = threads.count >= running
  }

  /// Adds what a thread has counted since its last reading; returns whether it runs.
  private mutating func read(_ index: Int, _ buffer: UnsafeMutableRawBufferPointer) -> Bool {
    var thread = threads[index]
    guard var times = thread.schedule.read(into: buffer) else { return false }
    times.skipWords(1)
    let waited = times.count()
    guard var status = thread.status.read(into: buffer) else { return false }
    let voluntary = status.number(after: "voluntary_ctxt_switches:") ?? 0
    let involuntary = status.number(after: "nonvoluntary_ctxt_switches:") ?? 0
    if thread.countsPast {
      self.waited.addIncrease(from: thread.waited, to: waited)
      self.voluntary.addIncrease(from: thread.voluntary, to: voluntary)
      self.involuntary.addIncrease(from: thread.involuntary, to: involuntary)
    }
    thread.countsPast = true
    (thread.waited, thread.voluntary, thread.involuntary) = (waited, voluntary, involuntary)
    threads[index] = thread
    return true
  }
}

extension UInt64 {
  fileprivate mutating func addIncrease(from former: UInt64, to now: UInt64) {
    self = addingClamped(now >= former ? now - former : 0)
  }
}
