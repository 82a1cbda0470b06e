/// The process's one thread that talks to sessions.
enum ControlThread {
  /// Tells every session of a new provider; waits, bounded, until those that want it have enabled
  /// it.
  static func providerAdded(_ provider: RegisteredProvider) {}
}
