/// What an address of a stack says about its frame.
public enum StackAddress {
  /// The first address of the kernel's half of the address space.
  public static let kernelMin: UInt64 = 1 << 63

  /// Whether an address lies in the kernel's half of the address space.
  @inlinable public static func isKernel(_ address: UInt64) -> Bool {
    Int64(bitPattern: address) < 0
  }

  /// Whether a frame's address is where a call returns to, so that the call itself is at the
  /// address before it. The innermost frame is where the thread was; where the kernel was entered,
  /// the program's own place is exact as well.
  ///
  /// - Parameter inner: the address of the frame that is next further in; nil for the innermost.
  @inlinable public static func isCaller(_ address: UInt64, inner: UInt64?) -> Bool {
    guard let inner else { return false }
    return isKernel(inner) == isKernel(address)
  }
}
