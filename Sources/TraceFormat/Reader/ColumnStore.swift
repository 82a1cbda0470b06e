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

  private struct Section {
    var firstColumn: Int
    var columnCount: Int
    var wordsStart: Int
    var rows: Int
    var heapStart: Int
    var heapEnd: Int
  }
  private var sections: [Int: Section] = [:]

  var memoryBytes: Int { words.capacity * 8 + heap.capacity + scratch.capacity * 8 }

  mutating func removeAll() {
    words.count = 0
    heap.count = 0
    settled.count = 0
    sections.removeAll(keepingCapacity: true)
  }

  /// Decodes the first `leading` fields of a section. The rest is not examined.
  mutating func decode(
    _ bytes: UnsafeRawBufferPointer, section: Int, rows: Int, fields: [FieldPlan],
    leading: Int
  ) throws(ByteCodingError) {
    var reader = ByteReader(bytes)
    let fieldCount = try reader.readCount(limit: SchemaLimits.fields)
    let memory = (words.count + rows * leading) * 8
    guard fieldCount == fields.count else { throw reader.broken(.E11, UInt64(fieldCount)) }
    guard memory <= FileLayout.decodedBytesMax else {
      throw reader.error(.tooLong(limit: FileLayout.decodedBytesMax))
    }
    let wordsStart = words.count
    words.reserve(wordsStart + rows * leading)
    words.count = wordsStart + rows * leading
    alignHeap()
    let heapStart = heap.count
    if fields.contains(where: { $0.isText }) { try readTexts(&reader) }
    for (index, field) in fields.prefix(leading).enumerated() {
      let column = words.base + wordsStart + index * rows
      if field.shape == .scalar, let scalar = field.scalar {
        try reader.readColumn(column, count: rows, of: scalar)
        continue
      }
      try reader.readColumn(column, count: rows)
      switch field.shape {
      case .scalar: break
      case .text: try resolveTexts(column, count: rows, reader)
      case .scalarArray, .textArray:
        try readElements(&reader, column, rows: rows, field, heapStart: heapStart)
      }
    }
    if leading == fieldCount { try reader.expectEnd() }
    sections[section] = Section(
      firstColumn: 0, columnCount: leading, wordsStart: wordsStart, rows: rows,
      heapStart: heapStart, heapEnd: heap.count)
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
    for (position, section) in sections {
      var placed = section
      placed.firstColumn = settled.count
      let bytes = UnsafeRawBufferPointer(
        start: heap.base + section.heapStart, count: section.heapEnd - section.heapStart)
      for field in 0..<section.columnCount {
        let start = words.base + section.wordsStart + field * section.rows
        settled.append(FieldColumn(words: UnsafePointer(start), heap: bytes))
      }
      sections[position] = placed
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
