internal import TraceEvents

/// Writes the values of fields into a record.
struct NetEncoding {
  private let payload: UnsafeRawBufferPointer
  private let pointerBytes: Int

  init(_ payload: UnsafeRawBufferPointer, _ pointerBytes: Int) {
    self.payload = payload
    self.pointerBytes = pointerBytes
  }

  /// Writes a field of a usual type; 0 or empty if it has no bytes.
  @inline(__always)
  func encode(
    _ shape: NetShape, _ index: Int, _ slots: NetSlots, _ encoder: inout EventEncoder
  ) {
    let bytes = slots.bytes(index, payload)
    switch shape.code {
    case .number: encoder.encode(Self.word(shape.scalar, bytes, 0))
    case .pointer: encoder.encode(pointer(bytes, 0))
    default: Self.encode(utf16: bytes, &encoder)
    }
  }

  /// Writes a field as ``NetType/fieldType`` says; 0 or empty if it has no bytes.
  func encode(
    _ type: NetType, _ index: Int, _ slots: NetSlots, _ encoder: inout EventEncoder
  ) {
    encodeOther(
      type, slots.bytes(index, payload), count: slots.count(index), &encoder)
  }

  private func encodeOther(
    _ type: NetType, _ bytes: UnsafeRawBufferPointer, count: Int, _ encoder: inout EventEncoder
  ) {
    switch type {
    case .boolean: encoder.encode(bytes.contains { $0 != 0 })
    case .signedVarint:
      var cursor = NetCursor(bytes)
      encoder.encode(bytes.isEmpty ? 0 : cursor.signedVarint())
    case .varint:
      var cursor = NetCursor(bytes)
      encoder.encode(bytes.isEmpty ? 0 : cursor.varint())
    case .character(let size):
      if size == 2 {
        Self.encode(utf16: bytes, &encoder)
      } else {
        Self.encode(utf8: bytes, &encoder)
      }
    case .narrowText: Self.encode(utf8: bytes, &encoder)
    case .guid:
      var cursor = NetCursor(bytes)
      var text: [UInt8] = []
      if !bytes.isEmpty { NetText.append(guid: cursor.take(), cursor.take(), to: &text) }
      encoder.encode(text)
    case .fileTime:
      let ticks = Int64(bitPattern: ForeignBytes(bytes).word64(0))
      encoder.encode(bytes.isEmpty ? "" : NetCalendar.text(fileTime: ticks))
    default:
      guard let element = type.element else { return encoder.encode(bytes) }
      encode(elements: element, bytes, count: count, &encoder)
    }
  }

  private func encode(
    elements type: NetType, _ bytes: UnsafeRawBufferPointer, count: Int,
    _ encoder: inout EventEncoder
  ) {
    let size = type.size(pointerBytes) ?? 0
    let count = size > 0 ? min(count, bytes.count / size) : count
    switch type {
    case .number(.uint8): encoder.encode(bytes)
    case .number(let scalar):
      encoder.encode(array: (0..<count).map { Self.word(scalar, bytes, $0 * size) })
    case .pointer: encoder.encode(array: (0..<count).map { pointer(bytes, $0 * size) })
    case .boolean:
      encoder.encode(
        array: (0..<count).map { index in
          bytes[index * size..<(index + 1) * size].contains { $0 != 0 }
        })
    case .character(let size):
      if size == 2 {
        Self.encode(utf16: bytes, &encoder)
      } else {
        Self.encode(utf8: bytes, &encoder)
      }
    case .text:
      var cursor = NetCursor(bytes)
      var texts: [[UInt8]] = []
      while cursor.rest > 0 {
        var text: [UInt8] = []
        NetText.append(utf16: cursor.terminated16(), to: &text)
        texts.append(text)
      }
      encoder.encode(array: texts)
    default: encoder.encode(bytes)
    }
  }

  // MARK: Values

  /// A number as the word of a record: with its sign or with zeros.
  @inline(__always)
  static func word(_ scalar: ScalarType, _ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    let words = ForeignBytes(bytes)
    switch scalar {
    case .uint8, .bool: return UInt64(words.word8(offset))
    case .uint16: return UInt64(words.word16(offset))
    case .uint32, .float: return UInt64(words.word32(offset))
    case .int8: return UInt64(bitPattern: Int64(Int8(bitPattern: words.word8(offset))))
    case .int16: return UInt64(bitPattern: Int64(Int16(bitPattern: words.word16(offset))))
    case .int32: return UInt64(bitPattern: Int64(Int32(bitPattern: words.word32(offset))))
    case .uint64, .int64, .double, .pointer: return words.word64(offset)
    }
  }

  private func pointer(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    let words = ForeignBytes(bytes)
    return pointerBytes == 4 ? UInt64(words.word32(offset)) : words.word64(offset)
  }

  private static func encode(utf8 bytes: UnsafeRawBufferPointer, _ encoder: inout EventEncoder) {
    encoder.encode(String(decoding: bytes, as: UTF8.self))
  }

  /// Plain text is narrowed in place.
  @inline(__always)
  private static func encode(utf16 bytes: UnsafeRawBufferPointer, _ encoder: inout EventEncoder) {
    withUnsafeTemporaryAllocation(byteCount: min(bytes.count / 2, 4096), alignment: 1) { room in
      let count = bytes.count / 2
      guard count <= room.count else { return encodeAny(utf16: bytes, &encoder) }
      for index in 0..<count {
        let unit = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
        guard unit < 0x80 else { return encodeAny(utf16: bytes, &encoder) }
        room[index] = UInt8(truncatingIfNeeded: unit)
      }
      encoder.encode(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }
  }

  private static func encodeAny(utf16 bytes: UnsafeRawBufferPointer, _ encoder: inout EventEncoder)
  {
    var text: [UInt8] = []
    NetText.append(utf16: bytes, to: &text)
    encoder.encode(text)
  }
}
