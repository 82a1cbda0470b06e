/// The time at which the JIT's events announce a piece of code.
enum Announcement: Sendable {
  /// Before the code can run.
  case early
  /// This number of milliseconds after it can run; at the latest right before its unload.
  case late(milliseconds: Int)
  /// Only at its end, like runtimes in which methods have names only then.
  case unloadOnly
  case never

  init?(_ text: String) {
    switch text {
    case "early": self = .early
    case "unload-only": self = .unloadOnly
    case "never": self = .never
    default:
      guard text.hasPrefix("late:"), let count = Int(text.dropFirst(5)),
        (0...60_000).contains(count)
      else { return nil }
      self = .late(milliseconds: count)
    }
  }
}
