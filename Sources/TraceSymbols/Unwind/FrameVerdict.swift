/// What an address is that stands as the outermost frame of a stack.
public enum FrameVerdict: UInt8, Sendable {
  /// A function that begins a thread or a process: nothing is missing behind it.
  case entry
  /// A function that somebody called.
  case called
  /// No call stands before the address, so nothing returns to it: the chain of frame pointers led
  /// astray.
  case astray
  /// The image cannot be read.
  case unknown
}
