internal import CTraceShims
internal import Glibc

/// Unwinds any stack by any image's call frame information, for the fuzzer and for the test of its
/// corpus.
///
/// An input is the number of 64-byte pieces of stack (a byte), the thread's registers (17 words),
/// the stack, and the image, which is mapped so that its first byte is at `base`.
@_spi(Fuzzing) public enum UnwindProbe {
  public static let base: UInt64 = 0x40_0000
  public static let stackAddress: UInt64 = 0x7ffd_0000_0000
  private static let framesMax = 127
  /// Rows looked for, function by function.
  private static let functionsMax = 512

  /// - Returns: how many frames were found, 0 if the image has no table.
  public static func read(_ bytes: UnsafeRawBufferPointer) -> Int {
    let registerBytes = UnwindRegisters.count * 8
    guard let pieces = bytes.first, bytes.count > 1 + registerBytes else { return 0 }
    let stackBytes = min(Int(pieces) * 64, bytes.count - 1 - registerBytes)
    let words = UnsafeRawBufferPointer(rebasing: bytes[1..<1 + registerBytes])
    let image = UnsafeRawBufferPointer(rebasing: bytes[(1 + registerBytes + stackBytes)...])
    let stack = StackCopy(
      address: stackAddress,
      bytes: UnsafeRawBufferPointer(rebasing: bytes[(1 + registerBytes)...].prefix(stackBytes)))
    // A table is read from a file, never from memory.
    let file = trace_memfd("unwind probe")
    guard file >= 0 else { return 0 }
    defer { close(file) }
    guard write(file, image.baseAddress, image.count) == image.count else { return 0 }
    let path = "/proc/self/fd/\(file)"
    guard readRows(path) else { return 0 }
    let first = unwind(words, stack, path, image.count)
    precondition((1...framesMax).contains(first.count), "no end of frames")
    precondition(first == unwind(words, stack, path, image.count), "not the same again")
    return first.count
  }

  private static func unwind(
    _ words: UnsafeRawBufferPointer, _ stack: StackCopy, _ path: String, _ size: Int
  ) -> [UInt64] {
    let unwinder = Unwinder(rowCapacity: 64)
    let identity = UnwindImages.Identity(path: path)
    guard let id = unwinder.images.id(of: identity, in: UInt32(getpid())) else { return [] }
    var space = AddressSpace()
    space.map(base..<base + UInt64(size), offset: 0, image: id)
    // Code without an image, as a JIT makes it.
    space.map(0x1000..<0x10_0000, offset: 0, image: nil)
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: framesMax) { room in
      let found = unwinder.unwind(UnwindRegisters(perf: words), stack, in: space, into: room)
      return Array(room[..<found.count])
    }
  }

  /// The rows at the first byte of functions, which every stack would need.
  private static func readRows(_ path: String) -> Bool {
    guard let table = try? FrameTable(path: path) else { return false }
    precondition(table.functionCount <= FrameIndex.countLimit)
    var offset: UInt64 = 0
    for _ in 0..<functionsMax {
      _ = try? table.row(atOffset: offset)
      offset += 64
    }
    return true
  }
}
