internal import TraceFormat

/// A sample's call chain in the kernel's format: addresses, separated by marks that state their
/// address space.
///
/// Return addresses are kept unchanged; subtract one before looking them up.
public enum PerfCallchain {
  /// The highest 4,095 numbers are marks.
  private static let marksMin = UInt64(bitPattern: -4095)
  private static let kernelMark = UInt64(bitPattern: -128)
  private static let userMark = UInt64(bitPattern: -512)

  private enum Space { case kernel, user, skipped }

  /// The number of addresses in a chain. The kernel's limit counts those of both spaces.
  public static func addressCount(_ chain: UnsafeRawBufferPointer) -> Int {
    var count = 0
    for offset in stride(from: 0, to: chain.count & ~7, by: 8)
    where chain.loadUnaligned(fromByteOffset: offset, as: UInt64.self) < marksMin {
      count += 1
    }
    return count
  }

  /// Appends the kernel's frames, then the user's, innermost first; if the chain has none,
  /// `address`, at which the sample was taken. A chain ends where it leaves its address space: in
  /// code without frame pointers, the kernel follows any value in the register.
  public static func append(
    _ chain: UnsafeRawBufferPointer, address: UInt64, to stack: inout [UInt64]
  ) {
    let before = stack.count
    var space = StackAddress.isKernel(address) ? Space.kernel : Space.user
    for offset in stride(from: 0, to: chain.count & ~7, by: 8) {
      let word = chain.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if word >= marksMin {
        // Frames of a guest or a hypervisor, or deferred ones, are skipped.
        space = word == kernelMark ? .kernel : word == userMark ? .user : .skipped
        continue
      }
      switch space {
      case .kernel where StackAddress.isKernel(word): stack.append(word)
      case .user where word != 0 && !StackAddress.isKernel(word): stack.append(word)
      default: space = .skipped
      }
    }
    if stack.count == before, address != 0, address < marksMin { stack.append(address) }
  }
}
