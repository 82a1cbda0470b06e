internal import TraceSymbols

/// How the user-space callers of a sampled thread are found; the kernel's part of a stack is always
/// walked by the kernel.
public enum StackWalk: Hashable, Sendable {
  /// The kernel follows the chain of frame pointers. Code without frame pointers hides its caller,
  /// or all callers.
  case framePointers
  /// The kernel copies this number of bytes of the stack with each sample, and the session unwinds
  /// them with the images' call frame information (`.eh_frame`); code generated at run time is
  /// unwound by frame pointers.
  case callFrames(stackBytes: Int)

  /// Sufficient for most programs' stacks.
  public static let stackBytesUsual = 16 << 10
  /// The valid sizes; only multiples of 8. The kernel's records have 16 bits for their size.
  public static let stackBytes = 512...65_528

  /// Whether this build can unwind copied stacks.
  public static var canUnwindCallFrames: Bool { UnwindRegisters.isSupported }

  /// Number of stack bytes in a sample.
  var copiedBytes: Int {
    switch self {
    case .framePointers: 0
    case .callFrames(let bytes): bytes
    }
  }

  var copiesStacks: Bool { copiedBytes > 0 }
}
