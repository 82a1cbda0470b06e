import Glibc

/// Supplies a live trace with the blocks that are added to its file.
///
/// The file acts as the queue: a slow reader loses nothing and takes no memory.
package final class GrowingFile: LiveSource {
  /// Time between two checks of the file.
  private static let interval_us: UInt32 = 100_000
  /// Maximum of the reported idle time.
  private static let idle_us_max: UInt32 = 3_600_000_000

  /// Returns whether the file may still grow; throws an error if it will not and was not finished.
  private let mayGrow: () throws -> Bool
  /// Whether to deliver, of the blocks that exist at first, only the events about processes,
  /// threads, images and code.
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
    // Determined before the file is read, so that everything written by then is read.
    let future = Result { try mayGrow() }
    if try live.file.refresh() {
      idle_us = 0
      try live.handOut()
      return .blocks
    }
    if live.file.isComplete {
      try live.handOutRest()
      return .end
    }
    guard try future.get() else { throw LiveTraceError.writerGone(path: live.file.path) }
    idle_us = min(idle_us + Self.interval_us, Self.idle_us_max)
    return .nothing(idle_ns: Int64(idle_us) * 1000)
  }
}

/// Detects whether a collection that locks its file is still writing it.
final class WriterWatch {
  private let file: TraceFile
  private var wasSeen = false

  init(_ file: TraceFile) { self.file = file }

  /// True unless a collection was seen writing the file and no longer is.
  func mayWrite() -> Bool {
    if file.isBeingWritten {
      wasSeen = true
      return true
    }
    return !wasSeen
  }
}
