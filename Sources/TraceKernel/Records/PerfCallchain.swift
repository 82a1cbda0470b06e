internal import TraceFormat

/// A sample's call chain as the kernel gives it: addresses, and among them marks that say whose
/// they are.
///
/// Return addresses are kept as they are; whoever looks them up takes one off.
public enum PerfCallchain {
  /// Marks are the highest 4,095 numbers.
  private static let marksMin = UInt64(bitPattern: -4095)
  private static let kernelMark = UInt64(bitPattern: -128)
  private static let userMark = UInt64(bitPattern: -512)

  private enum Space { case kernel, user, skipped }

  /// How many addresses a chain has. The kernel's limit counts those of both spaces.
  public static func addressCount(_ chain: UnsafeRawBufferPointer) -> Int {
    var count = 0
    for offset in stride(from: 0, to: chain.count & ~7, by: 8)
    where chain.loadUnaligned(fromByteOffset: offset, as: UInt64.self) < marksMin {
      count += 1
    }
    return count
  }

  /// Appends the kernel's frames, then the user's, innermost first; `address`, where the sample was
  /// taken, if the chain has none. A chain that leaves its address space ends there: without frame
  /// pointers the kernel follows whatever the register holds.
  public static func append(
    _ chain: UnsafeRawBufferPointer, address: UInt64, to stack: inout [UInt64]
  ) {
    let before = stack.count
    var space = StackAddress.isKernel(address) ? Space.kernel : Space.user
    for offset in stride(from: 0, to: chain.count & ~7, by: 8) {
      let word = chain.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if word >= marksMin {
        // Of a guest, a hypervisor, or to be had later: not ours.
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
