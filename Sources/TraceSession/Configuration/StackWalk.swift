internal import TraceSymbols

/// How the callers of a sampled thread are found, on the program's side; the kernel's side is
/// always walked by the kernel.
public enum StackWalk: Hashable, Sendable {
  /// The kernel follows the chain of frame pointers. Code that keeps none hides its caller, or all.
  case framePointers
  /// The kernel copies so many bytes of the stack with each sample, and the session unwinds them by
  /// what images say of their functions (`.eh_frame`); code made at run time by frame pointers.
  case callFrames(stackBytes: Int)

  /// Enough for most programs' stacks.
  public static let stackBytesUsual = 16 << 10
  /// Multiples of 8 only. The kernel's records have 16 bits for their size.
  public static let stackBytes = 512...65_528

  /// Whether this build can unwind copied stacks.
  public static var canUnwindCallFrames: Bool { UnwindRegisters.isSupported }

  /// Bytes of stack in a sample.
  var copiedBytes: Int {
    switch self {
    case .framePointers: 0
    case .callFrames(let bytes): bytes
    }
  }

  var copiesStacks: Bool { copiedBytes > 0 }
}
