internal import TraceEvents

/// The decoded fields of an event block's types.
///
/// All data lies in two growing buffers that a block's types share. Pointers into them are created
/// once, by ``settle()``.
struct ColumnStore: ~Copyable {
  private var words = GrowingBuffer<UInt64>(capacity: 1024)
  private var heap = GrowingBuffer<UInt8>(capacity: 1024)
  private var settled = GrowingBuffer<FieldColumn>(capacity: 16)
  /// Position of each text in the heap of the section being decoded: offset | bytes << 32.
  private var texts = GrowingBuffer<UInt64>(capacity: 64)
  private var scratch = GrowingBuffer<UInt64>(capacity: 64)

  /// The place of a column's words in ``words``.
  // Not private: the 6.3 compiler fails on a private type in a buffer of a type that is used
  // elsewhere.
  struct Place {
    var start: Int
    /// Whether one word is the word of every row.
    var isConstant: Bool
  }
  private var places = GrowingBuffer<Place>(capacity: 16)
  /// Number of words if no column were constant. The format limits this number, so that whether a
  /// block is valid does not depend on how a reader stores it.
  private var wordsInFormat = 0

  private struct Section {
    /// Position of its first column in ``places`` and ``settled``.
    var firstColumn: Int
    var columnCount: Int
    var heapStart: Int
    var heapEnd: Int
  }
  private var sections: [Int: Section] = [:]

  var memoryBytes: Int { words.capacity * 8 + heap.capacity + scratch.capacity * 8 }

  mutating func removeAll() {
    words.count = 0
    heap.count = 0
    settled.count = 0
    places.count = 0
    wordsInFormat = 0
    sections.removeAll(keepingCapacity: true)
  }

  /// Decodes the first `leading` fields of a section. The rest is not examined.
  mutating func decode(
    _ bytes: UnsafeRawBufferPointer, section: Int, rows: Int, fields: [FieldPlan],
    leading: Int
  ) throws(ByteCodingError) {
    var reader = ByteReader(bytes)
    let fieldCount = try reader.readCount(limit: SchemaLimits.fields)
    wordsInFormat += rows * leading
    guard fieldCount == fields.count else { throw reader.broken(.E11, UInt64(fieldCount)) }
    guard wordsInFormat * 8 <= FileLayout.decodedBytesMax else {
      throw reader.error(.tooLong(limit: FileLayout.decodedBytesMax))
    }
    words.reserve(words.count + rows * leading)
    alignHeap()
    let heapStart = heap.count
    let firstColumn = places.count
    if fields.contains(where: { $0.isText }) { try readTexts(&reader) }
    for field in fields.prefix(leading) {
      let column = words.base + words.count
      let count = try readWords(&reader, column, rows: rows, field)
      switch field.shape {
      case .scalar: break
      case .text: try resolveTexts(column, count: count, reader)
      case .scalarArray, .textArray:
        try readElements(&reader, column, rows: rows, field, heapStart: heapStart)
      }
      places.append(Place(start: words.count, isConstant: count < rows))
      words.count += count
    }
    if leading == fieldCount { try reader.expectEnd() }
    sections[section] = Section(
      firstColumn: firstColumn, columnCount: leading, heapStart: heapStart, heapEnd: heap.count)
  }

  /// Reads a column's words: one if it is constant, otherwise one per row. An array's word differs
  /// from row to row even if all have the same number of elements. Returns the number of words.
  private func readWords(
    _ reader: inout ByteReader, _ column: UnsafeMutablePointer<UInt64>, rows: Int,
    _ field: FieldPlan
  ) throws(ByteCodingError) -> Int {
    let scalar = field.shape == .scalar ? field.scalar : nil
    if rows > 0, field.shape == .scalar || field.shape == .text,
      let value = try reader.readConstantColumn()
    {
      column[0] = value
      if let scalar, !scalar.holds(column, count: 1) {
        throw reader.broken(.E14, value)
      }
      return 1
    }
    if let scalar {
      try reader.readColumn(column, count: rows, of: scalar)
    } else {
      try reader.readColumn(column, count: rows)
    }
    return rows
  }

  private mutating func alignHeap() {
    while heap.count & 7 != 0 { heap.append(0) }
  }

  /// Reserves room for `added` more bytes in the heap.
  private mutating func extendHeap(
    _ added: Int, _ reader: ByteReader
  ) throws(ByteCodingError) -> UnsafeMutablePointer<UInt8> {
    guard added <= FileLayout.decodedBytesMax - heap.count else {
      throw reader.error(.tooLong(limit: FileLayout.decodedBytesMax))
    }
    return heap.extend(added)
  }

  private mutating func readTexts(_ reader: inout ByteReader) throws(ByteCodingError) {
    let count = try reader.readCount(limit: FileLayout.decodedBytesMax / 8)
    texts.reserve(count)
    texts.count = count
    try reader.readColumn(texts.base, count: count)
    var offset: UInt64 = 0
    for index in 0..<count {
      let length = texts.base[index]
      guard length <= UInt64(reader.remaining) - offset else { throw reader.error(.endOfBytes) }
      texts.base[index] = offset | length &<< 32
      offset += length
    }
    let bytes = try reader.readBytes(Int(offset))
    let target = try extendHeap(bytes.count, reader)
    if let source = bytes.baseAddress {
      UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
    }
  }

  private func resolveTexts(
    _ column: UnsafeMutablePointer<UInt64>, count: Int, _ reader: ByteReader
  ) throws(ByteCodingError) {
    let limit = UInt64(texts.count)
    for row in 0..<count {
      let index = column[row]
      guard index < limit else { throw reader.broken(.E12, index) }
      column[row] = texts.base[Int(index)]
    }
  }

  /// Writes an array field's elements to the heap in the layout of records, and points its rows at
  /// them.
  private mutating func readElements(
    _ reader: inout ByteReader, _ column: UnsafeMutablePointer<UInt64>, rows: Int,
    _ field: FieldPlan, heapStart: Int
  ) throws(ByteCodingError) {
    let total = try reader.readCount(limit: FileLayout.decodedBytesMax / 8)
    scratch.reserve(total)
    if let scalar = field.scalar {
      try reader.readColumn(scratch.base, count: total, of: scalar)
    } else {
      try reader.readColumn(scratch.base, count: total)
    }
    alignHeap()
    var used = 0
    for row in 0..<rows {
      let count = column[row]
      guard count <= UInt64(total - used) else { throw reader.broken(.E13, count) }
      column[row] = UInt64(heap.count - heapStart) | count &<< 32
      for index in used..<used + Int(count) {
        if field.shape == .scalarArray {
          let target = UnsafeMutableRawPointer(try extendHeap(8, reader))
          target.storeBytes(of: scratch.base[index], as: UInt64.self)
        } else {
          try appendTextElement(scratch.base[index], heapStart: heapStart, reader)
        }
      }
      used += Int(count)
    }
    guard used == total else { throw reader.broken(.E13, UInt64(total)) }
  }

  /// Appends a text of the table to the heap: its length in a word, its bytes, and zero padding.
  private mutating func appendTextElement(
    _ index: UInt64, heapStart: Int, _ reader: ByteReader
  ) throws(ByteCodingError) {
    guard index < UInt64(texts.count) else { throw reader.broken(.E12, index) }
    let text = texts.base[Int(index)]
    let length = Int(text &>> 32)
    let padded = (length + 7) & ~7
    let target = UnsafeMutableRawPointer(try extendHeap(8 + padded, reader))
    target.storeBytes(of: UInt64(length), as: UInt64.self)
    guard length > 0 else { return }
    target.storeBytes(of: 0, toByteOffset: padded, as: UInt64.self)
    let source = heap.base + heapStart + Int(text & 0xffff_ffff)
    (target + 8).copyMemory(from: source, byteCount: length)
  }

  /// Creates the columns that handlers read. Nothing may be decoded afterwards.
  mutating func settle() {
    settled.count = 0
    settled.reserve(places.count)
    settled.count = places.count
    for section in sections.values {
      let bytes = UnsafeRawBufferPointer(
        start: heap.base + section.heapStart, count: section.heapEnd - section.heapStart)
      for index in section.firstColumn..<section.firstColumn + section.columnCount {
        settled[index] = FieldColumn(
          words: words.base + places[index].start, isConstant: places[index].isConstant,
          heap: bytes)
      }
    }
  }

  func columns(of position: Int) -> UnsafeBufferPointer<FieldColumn> {
    guard let section = sections[position], section.columnCount > 0 else {
      return UnsafeBufferPointer(start: nil, count: 0)
    }
    return UnsafeBufferPointer(
      start: settled.base + section.firstColumn, count: section.columnCount)
  }
}
