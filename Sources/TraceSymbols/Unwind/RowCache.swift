/// Rows by image and offset, in a table of fixed size in which newer rows replace older ones.
struct RowCache: ~Copyable {
  private struct Slot {
    /// The image's number + 1, so that an empty slot matches nothing.
    var image: UInt32
    var offset: UInt64
    /// Whether a described function contains the offset.
    var isDescribed: Bool
    var row: UnwindRow
  }

  private let slots: UnsafeMutableBufferPointer<Slot>
  private let shift: UInt64

  /// - Parameter capacity: rounded up to a power of two; about 170 bytes each.
  init(capacity: Int) {
    let bits = max(1, Int.bitWidth - (max(capacity, 2) - 1).leadingZeroBitCount)
    slots = .allocate(capacity: 1 << bits)
    slots.initialize(repeating: Slot(image: 0, offset: 0, isDescribed: false, row: UnwindRow()))
    shift = UInt64(64 - bits)
  }

  deinit { slots.deallocate() }

  var byteCount: Int { slots.count * MemoryLayout<Slot>.stride }

  /// Calls a closure with the row of an offset, which `find` computes if the table does not have
  /// it; nil if no described function contains the offset.
  @inline(__always)
  func row(
    image: UnwindImages.ID, offset: UInt64, orElse find: () -> UnwindRow?
  ) -> UnsafePointer<UnwindRow>? {
    let key = image.index &+ 1
    let mixed = (offset ^ UInt64(key) << 48) &* 0x9e37_79b9_7f4a_7c15
    let slot = slots.baseAddress! + Int(mixed >> shift)
    if slot.pointee.image != key || slot.pointee.offset != offset {
      let found = find()
      slot.pointee = Slot(
        image: key, offset: offset, isDescribed: found != nil, row: found ?? UnwindRow())
    }
    guard slot.pointee.isDescribed else { return nil }
    return UnsafeRawPointer(slot).advanced(by: MemoryLayout<Slot>.offset(of: \Slot.row)!)
      .assumingMemoryBound(to: UnwindRow.self)
  }
}
