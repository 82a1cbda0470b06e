/// The classification of the outermost frame of a stack.
public enum FrameVerdict: UInt8, Sendable {
  /// An entry function of a thread or a process: the stack is complete.
  case entry
  /// A function that has a caller.
  case called
  /// No call precedes the address, so it is not a return address: the chain of frame pointers is
  /// wrong.
  case astray
  /// The image cannot be read.
  case unknown
}
