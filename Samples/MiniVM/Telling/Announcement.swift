/// When the JIT's events tell of a piece of code.
enum Announcement: Sendable {
  /// Before it can run.
  case early
  /// So many milliseconds after it could; at the latest right before its unload.
  case late(milliseconds: Int)
  /// Only when it goes, as runtimes do that know their methods' names only then.
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
