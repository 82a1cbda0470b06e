internal import TraceEvents

/// Where the fields of an event are in its payload.
struct NetSlots {
  struct Slot {
    var offset: Int32 = 0
    /// Without the mark at a text's end.
    var bytes: Int32 = 0
    /// The number of elements.
    var count: Int32 = 0
  }

  private(set) var slots: [Slot] = []
  /// Whether the payload has fewer bytes than its fields need.
  private(set) var isShort = false

  /// Finds the fields. Those beyond the payload's end have no bytes.
  mutating func find(
    _ fields: [NetField], in payload: UnsafeRawBufferPointer, _ pointerBytes: Int
  ) {
    slots.removeAll(keepingCapacity: true)
    var cursor = NetCursor(payload)
    var counted = 0
    for field in fields {
      var slot = Slot(offset: Int32(clamping: cursor.offset))
      switch field.type {
      case .number(let scalar):
        let size = max(8, scalar.bitWidth) / 8
        slot.bytes = Int32(size)
        cursor.skip(size)
        if !cursor.isShort, field.name.hasPrefix("Count") {
          counted = Self.small(payload, cursor.offset - size, size)
        }
      case .text:
        slot.bytes = Int32(clamping: cursor.terminated16().count)
      case .narrowText:
        cursor.skipTerminated()
        slot.bytes = Int32(clamping: max(0, cursor.offset - Int(slot.offset) - 1))
      case .array(let element):
        elements(element, count: Int(cursor.take(UInt16.self)), &slot, &cursor, pointerBytes)
      case .counted(let element): elements(element, count: counted, &slot, &cursor, pointerBytes)
      case .fixed(let element, let count):
        elements(element, count: count, &slot, &cursor, pointerBytes)
      case .located(let element, let isRelative):
        let word = Int(cursor.take(UInt32.self))
        let offset = (word & 0xffff) + (isRelative ? cursor.offset : 0)
        slot.offset = Int32(clamping: min(offset, payload.count))
        slot.bytes = Int32(clamping: min(word >> 16, payload.count - Int(slot.offset)))
        let size = max(1, element.size(pointerBytes) ?? 1)
        slot.count = slot.bytes / Int32(clamping: size)
      default:
        field.type.skip(&cursor, pointerBytes)
        slot.bytes = Int32(clamping: cursor.offset - Int(slot.offset))
      }
      slots.append(cursor.isShort ? Slot() : slot)
    }
    isShort = cursor.isShort
  }

  private func elements(
    _ element: NetType, count: Int, _ slot: inout Slot, _ cursor: inout NetCursor,
    _ pointerBytes: Int
  ) {
    slot.offset = Int32(clamping: cursor.offset)
    element.skip(&cursor, pointerBytes, count: count)
    slot.bytes = Int32(clamping: cursor.offset - Int(slot.offset))
    slot.count = Int32(clamping: count)
  }

  private static func small(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ size: Int) -> Int {
    let words = ForeignBytes(bytes)
    switch size {
    case 1: return Int(words.word8(offset))
    case 2: return Int(words.word16(offset))
    default: return Int(words.word32(offset))
    }
  }

  /// The bytes of a field.
  @inline(__always)
  func bytes(_ index: Int, _ payload: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let slot = slots[index]
    guard slot.bytes > 0, Int(slot.offset) + Int(slot.bytes) <= payload.count else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    let start = Int(slot.offset)
    return UnsafeRawBufferPointer(rebasing: payload[start..<start + Int(slot.bytes)])
  }
}
