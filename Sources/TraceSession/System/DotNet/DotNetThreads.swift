import CTraceShims
import OSStrings

/// The numbers that the threads of a process in another pid namespace have in this one.
///
/// - Guarantee: a thread that cannot be found, because it has ended, keeps its own number.
/// - Cost: a lookup; for an unknown thread, at most ten times a second, one file for each thread.
struct DotNetThreads {
  private let pid: UInt32
  /// The numbers by those in the process's own namespace.
  private var known: [UInt32: UInt32] = [:]
  private var looked_ns: UInt64 = 0

  private static let lookInterval_ns: UInt64 = 100_000_000

  /// Returns nil for a process in this process's namespace, which has the same numbers.
  init?(_ place: ProcessPlace) {
    guard place.numbers.count > 1 else { return nil }
    pid = place.pid
    look()
  }

  /// This namespace's number of a thread.
  mutating func number(_ own: UInt32) -> UInt32 {
    if let number = known[own] { return number }
    if trace_monotonic_ns() &- looked_ns >= Self.lookInterval_ns { look() }
    return known[own] ?? own
  }

  private mutating func look() {
    looked_ns = trace_monotonic_ns()
    // Numbers of ended threads accumulate.
    if known.count > ProcFiles.threadsMax { known.removeAll(keepingCapacity: true) }
    for thread in ProcFiles.threads(of: pid) {
      let status = OSPath.contents("/proc/\(pid)/task/\(thread)/status", limit: 8192) ?? []
      let numbers = ProcStatus.numbers("NSpid:", in: String(decoding: status, as: UTF8.self))
      if let own = numbers.last, let number = UInt32(exactly: thread) { known[own] = number }
    }
  }
}
