import Glibc

/// Brings a live trace what is written to its file.
///
/// The file is the queue: a slow reader loses nothing, and costs no memory.
package final class GrowingFile: LiveSource {
  /// How long it sleeps before it looks again.
  private static let interval_us: UInt32 = 100_000
  /// Longer than this, nothing is known to have come.
  private static let idle_us_max: UInt32 = 3_600_000_000

  /// Whether the file may still grow; throws why it will not, and never did end well.
  private let mayGrow: () throws -> Bool
  /// Whether of the blocks that are there only the events that tell of what lives are handed out.
  private let joinsNow: Bool
  private var hasBegun = false
  private var idle_us: UInt32 = 0

  package init(joinsNow: Bool = false, mayGrow: @escaping () throws -> Bool) {
    self.joinsNow = joinsNow
    self.mayGrow = mayGrow
  }

  package func next(_ live: LiveTrace) throws -> LiveTrace.Step {
    guard hasBegun else {
      hasBegun = true
      if joinsNow { try live.handOutState() } else { try live.handOut() }
      return .blocks
    }
    if live.file.isComplete { return .end }
    usleep(Self.interval_us)
    // Asked before the look at the file: what was written by then is seen by it.
    let future = Result { try mayGrow() }
    if try live.file.refresh() {
      idle_us = 0
      try live.handOut()
      return .blocks
    }
    if live.file.isComplete { return .end }
    guard try future.get() else { throw LiveTraceError.writerGone(path: live.file.path) }
    idle_us = min(idle_us + Self.interval_us, Self.idle_us_max)
    return .nothing(idle_ns: Int64(idle_us) * 1000)
  }
}

/// Whether a collection that locks its file still writes it.
final class WriterWatch {
  private let file: TraceFile
  private var wasSeen = false

  init(_ file: TraceFile) { self.file = file }

  /// True as long as no collection was seen to write and to end.
  func mayWrite() -> Bool {
    if file.isBeingWritten {
      wasSeen = true
      return true
    }
    return !wasSeen
  }
}
