/// A copy of part of a thread's stack: the bytes from its stack pointer on.
public struct StackCopy {
  /// The address of the first byte.
  public var address: UInt64
  public var bytes: UnsafeRawBufferPointer

  public init(address: UInt64, bytes: UnsafeRawBufferPointer) {
    self.address = address
    self.bytes = bytes
  }

  /// The end address of the copy.
  public var end: UInt64 { address &+ UInt64(bytes.count) }

  /// The word at an address; throws if it is not in the copy.
  @inline(__always)
  package func word(at place: UInt64) throws(FrameError) -> UInt64 {
    let offset = place &- address
    guard bytes.count >= 8, offset <= UInt64(bytes.count - 8) else { throw .memory }
    return UInt64(
      littleEndian: bytes.loadUnaligned(fromByteOffset: Int(offset), as: UInt64.self))
  }

  /// Reads `size` bytes, 1 to 8, as an unsigned number.
  package func value(at place: UInt64, size: UInt8) throws(FrameError) -> UInt64 {
    guard (1...8).contains(size) else { throw .expression }
    let offset = place &- address
    guard bytes.count >= Int(size), offset <= UInt64(bytes.count - Int(size)) else {
      throw .memory
    }
    var value: UInt64 = 0
    for index in 0..<Int(size) {
      value |= UInt64(bytes[Int(offset) + index]) << UInt64(8 * index)
    }
    return value
  }
}
