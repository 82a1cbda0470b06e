import TraceEvents

/// The parts of a value's representation in which formats differ.
protocol ValueStyle {
  static var escape: EscapeStyle { get }
  static var showsUnits: Bool { get }
  /// Text before and after a string.
  static var quote: StaticString { get }
  /// Text before and after a string inside an array.
  static var innerQuote: StaticString { get }
  /// Text before and after an array, outside its brackets.
  static var arrayQuote: StaticString { get }
  /// Text before and after a value that is text in this format: hexadecimal, flags, NaN.
  static var wordQuote: StaticString { get }
  /// Text before and after bytes, which are written as pairs of digits.
  static var bytesOpening: StaticString { get }
  static var bytesClosing: StaticString { get }
  /// Returns an enumeration's name, ready to be written.
  static func caseText(_ name: String, isFlag: Bool) -> [UInt8]
}

extension OutputBuffer {
  /// Writes one field of one event.
  @inline(__always)
  mutating func append<S: ValueStyle>(
    _ step: FieldStep, _ columns: UnsafeBufferPointer<FieldColumn>, row: Int, _: S.Type
  ) {
    append(padded: step.prefix)
    guard step.field < columns.count else {
      append(byte: UInt8(ascii: "0"))
      return
    }
    let column = columns[step.field]
    let word = column.word(row)
    if !step.isArray, step.kind != .string, step.kind != .osString, step.kind != .bytes {
      appendScalar(word, step, S.self)
    } else {
      appendVariable(word, column.heap, step, S.self)
    }
  }

  @inline(__always)
  private mutating func appendScalar<S: ValueStyle>(_ word: UInt64, _ step: FieldStep, _: S.Type) {
    let value = (word &<< step.unusedBits) &>> step.unusedBits
    switch step.kind {
    case .unsigned:
      append(decimal: value)
      if step.unit.count > 0 { append(padded: step.unit) }
    case .signed:
      append(decimal: Int64(bitPattern: word &<< step.unusedBits) &>> Int64(step.unusedBits))
      if step.unit.count > 0 { append(padded: step.unit) }
    case .hex: appendWord(S.self) { $0.append(hex: value) }
    case .enumeration: appendEnumeration(word, value, step)
    default: appendRare(value, step, S.self)
    }
  }

  @inline(__always)
  private mutating func appendEnumeration(_ word: UInt64, _ value: UInt64, _ step: FieldStep) {
    if step.hasCaseTable {
      if value < step.cases.count, step.cases[Int(value)].text.count > 0 {
        append(padded: step.cases[Int(value)].text)
        return
      }
    } else if let found = step.cases.first(where: { $0.value == word }) {
      append(padded: found.text)
      return
    }
    if step.isSigned {
      append(decimal: Int64(bitPattern: word &<< step.unusedBits) &>> Int64(step.unusedBits))
    } else {
      append(decimal: value)
    }
  }

  @inline(never)
  private mutating func appendRare<S: ValueStyle>(_ value: UInt64, _ step: FieldStep, _: S.Type) {
    switch step.kind {
    case .bool: append(value != 0 ? "true" : "false")
    case .flags: appendWord(S.self) { $0.appendFlags(value, step) }
    case .float:
      let number = Float(bitPattern: UInt32(truncatingIfNeeded: value))
      if number.isFinite { append(number) } else { appendWord(S.self) { $0.append(number) } }
      if step.unit.count > 0 { append(padded: step.unit) }
    default:
      let number = Double(bitPattern: value)
      if number.isFinite { append(number) } else { appendWord(S.self) { $0.append(number) } }
      if step.unit.count > 0 { append(padded: step.unit) }
    }
  }

  private mutating func appendFlags(_ value: UInt64, _ step: FieldStep) {
    if value == 0 {
      if let zero = step.cases.first(where: { $0.value == 0 }) {
        append(zero.text)
      } else {
        append(byte: UInt8(ascii: "0"))
      }
      return
    }
    var rest = value
    var isFirst = true
    for flag in step.cases where flag.value != 0 && value & flag.value == flag.value {
      if !isFirst { append(byte: UInt8(ascii: "|")) }
      append(flag.text)
      isFirst = false
      rest &= ~flag.value
    }
    if rest != 0 {
      if !isFirst { append(byte: UInt8(ascii: "|")) }
      append(hex: rest)
    }
  }

  @inline(__always)
  private mutating func appendWord<S: ValueStyle>(
    _: S.Type, _ body: (inout OutputBuffer) -> Void
  ) {
    append(S.wordQuote)
    body(&self)
    append(S.wordQuote)
  }

  private mutating func appendVariable<S: ValueStyle>(
    _ word: UInt64, _ heap: UnsafeRawBufferPointer, _ step: FieldStep, _: S.Type
  ) {
    var elements = ElementCursor(heap: heap, word: word)
    if step.isArray {
      append(S.arrayQuote)
      append(byte: UInt8(ascii: "["))
      var isFirst = true
      while elements.hasNext {
        if !isFirst { append(byte: UInt8(ascii: ",")) }
        isFirst = false
        switch step.kind {
        case .string, .osString:
          appendString(elements.nextBlob(), step, quote: S.innerQuote, S.self)
        case .bytes: appendBytes(elements.nextBlob(), S.self)
        default: appendScalar(elements.nextWord(), step, S.self)
        }
      }
      append(byte: UInt8(ascii: "]"))
      append(S.arrayQuote)
    } else if step.kind != .bytes {
      appendString(elements.wholeBytes, step, quote: S.quote, S.self)
    } else {
      appendBytes(elements.wholeBytes, S.self)
    }
  }

  private mutating func appendString<S: ValueStyle>(
    _ bytes: UnsafeRawBufferPointer, _ step: FieldStep, quote: StaticString, _: S.Type
  ) {
    append(quote)
    let isMarked = step.kind == .osString && S.escape == .json
    append(escaping: bytes, isMarked ? .osJSON : S.escape)
    append(quote)
  }

  private mutating func appendBytes<S: ValueStyle>(_ bytes: UnsafeRawBufferPointer, _: S.Type) {
    append(S.bytesOpening)
    for byte in bytes { append(hexByte: byte) }
    append(S.bytesClosing)
  }
}

/// Iterates over the contents of a varying field in the heap. Never reads outside the heap,
/// whatever the words contain.
struct ElementCursor {
  private let bytes: UnsafeRawBufferPointer
  private var remaining: Int
  private var offset = 0

  /// - Parameter word: offset in the heap in the low half, number of bytes or elements in the high
  ///   half.
  init(heap: UnsafeRawBufferPointer, word: UInt64) {
    let start = min(Int(truncatingIfNeeded: word & 0xffff_ffff), heap.count)
    bytes = UnsafeRawBufferPointer(rebasing: heap[start...])
    remaining = Int(truncatingIfNeeded: word >> 32)
  }

  /// The bytes of a string or blob, for which the count is the length.
  var wholeBytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes.prefix(remaining))
  }

  var hasNext: Bool { remaining > 0 && offset < bytes.count }

  mutating func nextWord() -> UInt64 {
    remaining -= 1
    return word()
  }

  mutating func nextBlob() -> UnsafeRawBufferPointer {
    remaining -= 1
    let length = min(Int(clamping: word()), bytes.count - offset)
    let start = offset
    offset = min(bytes.count, offset + (length + 7) & ~7)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
  }

  private mutating func word() -> UInt64 {
    guard offset + 8 <= bytes.count else {
      offset = bytes.count
      return 0
    }
    defer { offset += 8 }
    return bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}
