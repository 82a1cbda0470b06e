/// A source of events that the session records itself, in addition to those that programs emit.
///
/// The session starts its sources, reads their losses and problems while they run, and stops them
/// in the order in which they were started.
protocol SessionSource: AnyObject, Sendable {
  /// Starts recording.
  func start() throws(SessionError)

  /// Ends recording, and delivers the remaining events. Repeated calls do nothing.
  func stop()

  /// Problems, as sentences.
  var problems: [String] { get }

  /// Number of records dropped for lack of space.
  var lost: UInt64 { get }
}

extension SessionSource {
  var problems: [String] { [] }
  var lost: UInt64 { 0 }
}
