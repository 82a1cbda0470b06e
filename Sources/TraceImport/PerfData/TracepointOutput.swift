internal import OSStrings
internal import TraceEvents
internal import TraceFormat
internal import TraceKernel

/// Writes a tracepoint's records with their own fields, and if a sample may stand for several, with
/// their number in the last field, `period`.
struct TracepointOutput {
  private let fields: [TracepointFormat.Field]
  private let hasPeriod: Bool
  let schema: EventSchema

  /// - Parameter id: the event's number among those of its provider.
  init(_ format: TracepointFormat, id: UInt16, hasPeriod: Bool) {
    (fields, self.hasPeriod) = (format.fields, hasPeriod)
    var names: Set<String> = hasPeriod ? ["period"] : []
    var fields = format.fields.map { field in
      var name = field.name
      while !names.insert(name).inserted { name += "_" }
      return FieldSchema(name, Self.type(field.kind))
    }
    if hasPeriod { fields.append(FieldSchema("period", .uint64, .count)) }
    schema = EventSchema(
      provider: format.system.cut(toBytes: 256), id: id, name: format.name, fields: fields)
  }

  private static func type(_ kind: TracepointFormat.Field.Kind) -> FieldType {
    switch kind {
    case .number(let bytes, let isSigned): .scalar(scalar(bytes, isSigned))
    case .pointer: .pointer
    case .boolean: .bool
    case .text, .placedText: .string
    case .bytes, .placedBytes: .bytes
    case .numbers(_, let bytes, let isSigned): .array(.scalar(scalar(bytes, isSigned)))
    }
  }

  private static func scalar(_ bytes: Int, _ isSigned: Bool) -> ScalarType {
    switch bytes {
    case 1: isSigned ? .int8 : .uint8
    case 2: isSigned ? .int16 : .uint16
    case 4: isSigned ? .int32 : .uint32
    default: isSigned ? .int64 : .uint64
    }
  }

  /// Writes the fields; those beyond the record's end are 0 or empty.
  func encode(_ sample: PerfSample, _ encoder: inout EventEncoder) {
    encode(fieldsOf: sample.raw, &encoder)
    if hasPeriod { encoder.encode(sample.period) }
  }

  private func encode(fieldsOf record: UnsafeRawBufferPointer, _ encoder: inout EventEncoder) {
    let bytes = ForeignBytes(record)
    for field in fields {
      switch field.kind {
      case .number(let size, let isSigned):
        encoder.encode(bits: Self.number(bytes, field.offset, size, isSigned), size, isSigned)
      case .pointer: encoder.encode(bytes.word64(field.offset))
      case .boolean: encoder.encode(bytes.word8(field.offset) != 0)
      case .text(let size): encoder.encode(osString: bytes.text(field.offset, size))
      case .placedText(let isRelative):
        let (offset, size) = Self.place(bytes, field.offset, isRelative)
        encoder.encode(osString: bytes.text(offset, size))
      case .bytes(let size): encoder.encode(bytes.slice(field.offset, size))
      case .placedBytes(let isRelative):
        let (offset, size) = Self.place(bytes, field.offset, isRelative)
        encoder.encode(bytes.slice(offset, size))
      case .numbers(let count, let size, let isSigned):
        let values = (0..<count).map {
          Self.number(bytes, field.offset + $0 * size, size, isSigned)
        }
        encoder.encode(array: values, size, isSigned)
      }
    }
  }

  private static func place(
    _ bytes: ForeignBytes, _ offset: Int, _ isRelative: Bool
  ) -> (offset: Int, size: Int) {
    let word = Int(bytes.word32(offset))
    return ((word & 0xffff) + (isRelative ? offset + 4 : 0), word >> 16)
  }

  static func number(
    _ bytes: ForeignBytes, _ offset: Int, _ size: Int, _ isSigned: Bool
  ) -> Int64 {
    switch size {
    case 1: isSigned ? Int64(Int8(bitPattern: bytes.word8(offset))) : Int64(bytes.word8(offset))
    case 2: isSigned ? Int64(Int16(bitPattern: bytes.word16(offset))) : Int64(bytes.word16(offset))
    case 4: isSigned ? Int64(Int32(bitPattern: bytes.word32(offset))) : Int64(bytes.word32(offset))
    default: Int64(bitPattern: bytes.word64(offset))
    }
  }
}

extension EventEncoder {
  /// Writes a number of a size.
  fileprivate mutating func encode(bits: Int64, _ size: Int, _ isSigned: Bool) {
    switch (size, isSigned) {
    case (1, true): encode(Int8(truncatingIfNeeded: bits))
    case (1, false): encode(UInt8(truncatingIfNeeded: bits))
    case (2, true): encode(Int16(truncatingIfNeeded: bits))
    case (2, false): encode(UInt16(truncatingIfNeeded: bits))
    case (4, true): encode(Int32(truncatingIfNeeded: bits))
    case (4, false): encode(UInt32(truncatingIfNeeded: bits))
    case (_, true): encode(bits)
    case (_, false): encode(UInt64(bitPattern: bits))
    }
  }

  /// Writes numbers of a size.
  fileprivate mutating func encode(array: [Int64], _ size: Int, _ isSigned: Bool) {
    switch (size, isSigned) {
    case (1, true): encode(array: array.map { Int8(truncatingIfNeeded: $0) })
    case (1, false): encode(array: array.map { UInt8(truncatingIfNeeded: $0) })
    case (2, true): encode(array: array.map { Int16(truncatingIfNeeded: $0) })
    case (2, false): encode(array: array.map { UInt16(truncatingIfNeeded: $0) })
    case (4, true): encode(array: array.map { Int32(truncatingIfNeeded: $0) })
    case (4, false): encode(array: array.map { UInt32(truncatingIfNeeded: $0) })
    case (_, true): encode(array: array)
    case (_, false): encode(array: array.map { UInt64(bitPattern: $0) })
    }
  }
}
