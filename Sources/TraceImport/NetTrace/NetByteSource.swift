/// The bytes of a .nettrace stream: a file, or what a runtime sends.
package protocol NetByteSource: AnyObject {
  /// The number of bytes; `UInt64.max` while it is not known.
  var byteCount: UInt64 { get }
  /// The largest block that is read.
  var blockBytesMax: Int { get }

  /// Bytes at an offset, valid until the next call; fewer at the end. Waits for bytes that have not
  /// arrived. Offsets never decrease.
  func load(_ offset: UInt64, _ count: Int) -> UnsafeRawBufferPointer
}
