internal import CTraceShims
internal import Glibc

/// What a stack has waited, or made others wait, since the program's start.
struct LockAmount: Hashable {
  /// Number of waits; an estimate.
  var count = 0.0
  var total_ns: UInt64 = 0

  /// Go's types: contentions and delay.
  var values: [Int64] { [Int64(count.rounded()), Int64(clamping: total_ns)] }
}

/// What libtracelock.so knows, if it is loaded in this process.
///
/// - Guarantee: takes no lock. At most ``stacksMax`` stacks.
enum LockWaits {
  static let stacksMax = Int(TRACE_LOCK_STACKS) + 1

  static func missing(_ what: String) -> PprofRefusal {
    PprofRefusal(
      501,
      "\(what) is not recorded in this program. Start it with "
        + "LD_PRELOAD=/path/to/libtracelock.so (product tracelock of trace-engine); see "
        + "Docs/pprof.md.")
  }

  /// The calling thread's waits are not counted from now on.
  static func leaveOutThisThread() {
    guard let address = dlsym(nil, "trace_lock_exclude_thread") else { return }
    unsafeBitCast(address, to: (@convention(c) () -> Void).self)()
  }

  /// Nil if the library is not loaded.
  static var counts: (waits: UInt64, releases: UInt64)? {
    var counts = trace_lock_counts()
    return trace_lock_store_count(&counts) ? (counts.waits, counts.releases) : nil
  }

  /// The stacks of a profile with their amounts; nil if the library is not loaded.
  static func amounts(_ profile: trace_lock_profile) -> [[UInt64]: LockAmount]? {
    var found: [[UInt64]: LockAmount] = [:]
    let isLoaded = withUnsafeMutablePointer(to: &found) { found in
      trace_lock_store_walk(
        profile,
        { one, found in
          guard let found = found?.assumingMemoryBound(to: [[UInt64]: LockAmount].self) else {
            return
          }
          let stack = LockWaits.stack(of: one)
          guard found.pointee[stack] != nil || found.pointee.count < LockWaits.stacksMax else {
            return
          }
          found.pointee[stack, default: LockAmount()].count += max(0, one.pointee.count)
          found.pointee[stack, default: LockAmount()].total_ns &+= one.pointee.total_ns
        }, found)
    }
    return isLoaded ? found : nil
  }

  private static func stack(of one: UnsafePointer<trace_lock_stack>) -> [UInt64] {
    let depth = Int(min(one.pointee.depth, UInt32(TRACE_LOCK_FRAMES)))
    let offset = MemoryLayout<trace_lock_stack>.offset(of: \.frames) ?? 0
    let frames = UnsafeRawPointer(one) + offset
    return (0..<depth).map { frames.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
  }
}
