/// Interpretation of the addresses of a stack's frames.
public enum StackAddress {
  /// The first address of the kernel half of the address space.
  public static let kernelMin: UInt64 = 1 << 63

  /// Whether the address lies in the kernel half of the address space.
  @inlinable public static func isKernel(_ address: UInt64) -> Bool {
    Int64(bitPattern: address) < 0
  }

  /// Whether the frame's address is a return address, so that the call itself is at the address
  /// before it. The innermost frame's address is exact, as is that of the user frame at which the
  /// kernel was entered.
  ///
  /// - Parameter inner: address of the next inner frame; nil for the innermost.
  @inlinable public static func isCaller(_ address: UInt64, inner: UInt64?) -> Bool {
    guard let inner else { return false }
    return isKernel(inner) == isKernel(address)
  }
}
