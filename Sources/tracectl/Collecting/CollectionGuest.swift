import Glibc

/// What else runs while a collection does, such as a page that shows it.
protocol CollectionGuest: AnyObject {
  /// Called when the session runs and the file exists, before the command starts.
  ///
  /// - Parameter mask: the signal mask for programs that it starts.
  /// - Throws: a reason for which the collection ends before it has begun.
  func begin(_ mask: sigset_t) throws(Failure)

  /// Called when the collection is to end, before the rest of the events is written.
  ///
  /// - Parameter signal: the signal that asked for it; nil if none did.
  func end(_ signal: CInt?)
}
