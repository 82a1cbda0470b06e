/// The encoding of an address in `.eh_frame` (DW_EH_PE): a format and a base.
package struct PointerEncoding: RawRepresentable, Hashable, Sendable {
  package var rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let absolute = PointerEncoding(rawValue: 0)
  package static let omitted = PointerEncoding(rawValue: 0xff)
  /// The encoding in `.eh_frame_hdr`'s table: signed 32 bits relative to that section's start.
  package static let tableEntry = PointerEncoding(rawValue: 0x3b)

  /// The format without a base, for lengths.
  package var formatOnly: PointerEncoding { PointerEncoding(rawValue: rawValue & 0x0f) }
}

extension FrameCursor {
  /// Reads the next link-time address.
  ///
  /// - Parameter base: the base of data-relative addresses; nil if there is none.
  package mutating func pointer(
    _ encoding: PointerEncoding, base: UInt64? = nil
  ) throws(FrameError) -> UInt64 {
    let place = nextAddress
    let value = try pointerValue(encoding)
    // Indirect pointers are in the process's memory, not in the file.
    guard encoding.rawValue & 0x80 == 0 else { throw .encoding }
    switch encoding.rawValue & 0x70 {
    case 0x00: return value
    case 0x10: return place &+ value
    case 0x30:
      guard let base else { throw .encoding }
      return base &+ value
    default: throw .encoding
    }
  }

  /// Skips a pointer.
  package mutating func skipPointer(_ encoding: PointerEncoding) throws(FrameError) {
    if encoding == .omitted { return }
    if encoding.rawValue & 0x70 == 0x50 { try skip(-offset & 7) }
    _ = try pointerValue(encoding)
  }

  private mutating func pointerValue(_ encoding: PointerEncoding) throws(FrameError) -> UInt64 {
    switch encoding.rawValue & 0x0f {
    case 0x00, 0x04, 0x0c: try read(UInt64.self)
    case 0x01: try unsigned()
    case 0x02: UInt64(try read(UInt16.self))
    case 0x03: UInt64(try read(UInt32.self))
    case 0x09: UInt64(bitPattern: try signed())
    case 0x0a: UInt64(bitPattern: Int64(try read(Int16.self)))
    case 0x0b: UInt64(bitPattern: Int64(try read(Int32.self)))
    default: throw .encoding
    }
  }
}
