/// Something that a session records itself, beside what programs emit.
///
/// The session starts its sources, asks them for losses and problems while they run, and stops
/// them in the order in which they were started.
protocol SessionSource: AnyObject, Sendable {
  /// Begins recording.
  func start() throws(SessionError)

  /// Ends recording, and hands over what is left. Again: does nothing.
  func stop()

  /// What went wrong, in sentences.
  var problems: [String] { get }

  /// Records that there was no room for.
  var lost: UInt64 { get }
}

extension SessionSource {
  var problems: [String] { [] }
  var lost: UInt64 { 0 }
}
