internal import CTraceShims
internal import Locks
internal import TraceSession

/// The jobs of a handler, each on a thread of its own, so that none waits for the threads of the
/// program.
///
/// - Guarantee: at most ``jobsMax`` at a time; after ``end()`` no thread is left.
final class PprofJobs: Sendable {
  static let jobsMax = 8

  private struct Job {
    var thread: NamedThread
    var cancellation: Cancellation
    var isDone = false
  }

  private struct State {
    var jobs: [Int: Job] = [:]
    var next = 0
    var isEnded = false
  }

  private let state = Lock(State())

  /// Starts a job; false if there are too many, or no thread can be started.
  func start(_ cancellation: Cancellation, _ body: @escaping @Sendable () -> Void) -> Bool {
    reap()
    return state.withLock { state in
      guard !state.isEnded, state.jobs.count < Self.jobsMax else { return false }
      let number = state.next
      let thread = try? NamedThread("pprof-job") { [self] in
        HeapSampler.leaveOutThisThread()
        LockWaits.leaveOutThisThread()
        body()
        // Names take tens of megabytes for a moment, which the allocator would keep per thread.
        trace_stops_release_memory()
        finish(number)
      }
      guard let thread else { return false }
      state.next += 1
      state.jobs[number] = Job(thread: thread, cancellation: cancellation)
      return true
    }
  }

  private func finish(_ number: Int) { state.withLock { $0.jobs[number]?.isDone = true } }

  /// Joins the threads of jobs that are done.
  private func reap() {
    let threads = state.withLock { state -> [NamedThread] in
      let done = state.jobs.filter { $0.value.isDone }
      for number in done.keys { state.jobs[number] = nil }
      return done.values.map(\.thread)
    }
    for thread in threads { thread.join() }
  }

  /// Cancels all jobs and waits until they have ended.
  func end() {
    let jobs = state.withLock { state -> [Job] in
      state.isEnded = true
      defer { state.jobs = [:] }
      return Array(state.jobs.values)
    }
    for job in jobs { job.cancellation.set() }
    for job in jobs { job.thread.join() }
  }
}
