internal import TraceEvents

/// Where the fields of an event are in its payload.
///
/// - Trap: a copy shares its memory, so that passing it on counts no references.
struct NetSlots {
  struct Slot {
    var offset: Int32 = 0
    /// Without the mark at a text's end.
    var bytes: Int32 = 0
    /// The number of elements.
    var count: Int32 = 0
  }

  /// Room for as many fields as an event can have.
  private let room: UnsafeMutablePointer<Slot>
  private static let slotsMax = NetFieldReader.fieldsMax + 16
  /// Whether the payload has fewer bytes than its fields need.
  private(set) var isShort = false

  init() {
    room = .allocate(capacity: Self.slotsMax)
    room.initialize(repeating: Slot(), count: Self.slotsMax)
  }

  /// Frees the memory. Copies must not be used any more.
  func deallocate() { room.deallocate() }

  /// The number of a field's elements.
  func count(_ index: Int) -> Int { Int(room[index].count) }

  /// Finds the fields. Those beyond the payload's end have no bytes.
  mutating func find(
    _ plan: NetPlan, in payload: UnsafeRawBufferPointer, _ pointerBytes: Int
  ) {
    let shapes = plan.shapes
    precondition(shapes.count <= Self.slotsMax)
    var cursor = NetCursor(payload)
    var counted = 0
    for index in 0..<shapes.count {
      let shape = shapes[index]
      var slot = Slot(offset: Int32(clamping: cursor.offset))
      switch shape.code {
      case .number:
        slot.bytes = shape.bytes
        cursor.skip(Int(shape.bytes))
        if shape.isCount, !cursor.isShort {
          counted = Self.small(payload, Int(slot.offset), Int(shape.bytes))
        }
      case .pointer:
        slot.bytes = Int32(truncatingIfNeeded: pointerBytes)
        cursor.skip(pointerBytes)
      case .text: slot.bytes = Int32(clamping: cursor.terminated16().count)
      case .other: find(plan.layout[index].type, counted, &slot, &cursor, pointerBytes)
      }
      room[index] = cursor.isShort ? Slot() : slot
    }
    isShort = cursor.isShort
  }

  private func find(
    _ type: NetType, _ counted: Int, _ slot: inout Slot, _ cursor: inout NetCursor,
    _ pointerBytes: Int
  ) {
    let payload = cursor.bytes
    switch type {
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
      type.skip(&cursor, pointerBytes)
      slot.bytes = Int32(clamping: cursor.offset - Int(slot.offset))
    }
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
    let slot = room[index]
    guard slot.bytes > 0, Int(slot.offset) + Int(slot.bytes) <= payload.count else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    let start = Int(slot.offset)
    return UnsafeRawBufferPointer(rebasing: payload[start..<start + Int(slot.bytes)])
  }
}
