import TraceControl

/// The limit on the time that a session may make this process's emitters wait for room in block
/// mode.
enum BlockTimeout {
  /// One second, or `TRACE_BLOCK_TIMEOUT` (milliseconds) in the process's environment. A session
  /// can request less, but not more.
  static let limit_ns: UInt64 = {
    let chosen = RendezvousPaths.environmentValue("TRACE_BLOCK_TIMEOUT").flatMap { UInt64($0) }
    return min(chosen ?? usual_ms, longest_ms) * 1_000_000
  }()

  private static let usual_ms: UInt64 = 1_000
  /// An hour.
  private static let longest_ms: UInt64 = 3_600_000

  /// The notice to a session whose timeout was reduced.
  static func notice(asked_ns: UInt64) -> String {
    "it waits for room in the buffers \(limit_ns / 1_000_000) ms at most, not "
      + "\(asked_ns / 1_000_000) ms; set TRACE_BLOCK_TIMEOUT (milliseconds) in its environment to "
      + "allow more"
  }
}
