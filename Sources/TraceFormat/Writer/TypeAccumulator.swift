internal import TraceEvents

/// The rows of one event type in the current block, with one column per field.
///
/// Columns grow by doubling, so a rare type takes little memory.
struct TypeAccumulator: ~Copyable {
  let ref: UInt16
  let fieldCount: Int
  private let fields: UnsafeMutablePointer<FieldPlan>
  private let hasOnlyScalars: Bool
  private let hasText: Bool
  /// fieldCount × capacity words: scalars, string indexes, or element counts of arrays.
  private var words: UnsafeMutablePointer<UInt64>
  private var capacity: Int
  private(set) var count = 0
  /// Elements of all rows' arrays: one buffer per field if the type has arrays.
  private let elements: UnsafeMutablePointer<GrowingBuffer<UInt64>>
  private let elementBuffers: Int
  private var strings: ColumnTexts
  private var countedBytes = 0
  /// Position of the type among the types of the block; -1 if it has none yet.
  var localIndex = -1

  init(ref: UInt16, schema: EventSchema, seed: UInt64) {
    self.ref = ref
    let plans = schema.fields.map { FieldPlan($0.type) }
    fieldCount = plans.count
    fields = .allocate(capacity: max(plans.count, 1))
    for (index, plan) in plans.enumerated() { (fields + index).initialize(to: plan) }
    hasOnlyScalars = plans.allSatisfy { $0.shape == .scalar }
    hasText = plans.contains { $0.isText }
    capacity = 0
    words = .allocate(capacity: 1)
    elementBuffers = plans.contains { $0.isArray } ? plans.count : 0
    elements = .allocate(capacity: max(elementBuffers, 1))
    for index in 0..<elementBuffers { (elements + index).initialize(to: GrowingBuffer()) }
    strings = ColumnTexts(seed: seed)
  }

  deinit {
    fields.deallocate()
    words.deallocate()
    elements.deinitialize(count: elementBuffers)
    elements.deallocate()
  }

  /// Removes the rows and keeps the memory.
  mutating func removeAll() {
    count = 0
    localIndex = -1
    strings.removeAll()
    for index in 0..<elementBuffers { elements[index].count = 0 }
  }

  /// Memory allocated for rows, which remains allocated when they are removed.
  var byteCount: Int {
    var elementWords = 0
    for index in 0..<elementBuffers { elementWords += elements[index].capacity }
    return (capacity * fieldCount + elementWords) * 8 + strings.byteCount
  }

  /// Returns the growth of the memory since the last call.
  mutating func newBytes() -> Int {
    let bytes = byteCount
    defer { countedBytes = bytes }
    return bytes - countedBytes
  }

  /// Releases the memory. There must be no rows.
  mutating func release() {
    words.deallocate()
    words = .allocate(capacity: 1)
    capacity = 0
    countedBytes = 0
    for index in 0..<elementBuffers { elements[index] = GrowingBuffer() }
    strings.release()
  }

  /// Returns the number of words that the record's fields take; nil if they exceed `available`.
  @inline(__always)
  func measure(_ record: UnsafePointer<UInt64>, available: Int) -> Int? {
    if hasOnlyScalars { return fieldCount <= available ? fieldCount : nil }
    return measureVarying(record, available: available)
  }

  private func measureVarying(_ record: UnsafePointer<UInt64>, available: Int) -> Int? {
    var used = 0
    for field in 0..<fieldCount {
      guard used < available else { return nil }
      let word = record[used]
      used += 1
      switch fields[field].shape {
      case .scalar:
        break
      case .text:
        guard word <= UInt64((available - used) * 8) else { return nil }
        used += (Int(word) + 7) / 8
      case .scalarArray:
        guard word <= UInt64(available - used) else { return nil }
        used += Int(word)
      case .textArray:
        guard word <= UInt64(available - used) else { return nil }
        for _ in 0..<Int(word) {
          guard used < available else { return nil }
          let length = record[used]
          used += 1
          guard length <= UInt64((available - used) * 8) else { return nil }
          used += (Int(length) + 7) / 8
        }
      }
    }
    return used
  }

  /// Adds a row from a record accepted by ``measure(_:available:)``.
  @inline(__always)
  mutating func append(_ record: UnsafePointer<UInt64>) {
    if count == capacity { grow() }
    if hasOnlyScalars {
      var target = words + count
      for field in 0..<fieldCount {
        target.pointee = record[field]
        target += capacity
      }
    } else {
      appendVarying(record)
    }
    count &+= 1
  }

  private mutating func appendVarying(_ record: UnsafePointer<UInt64>) {
    var used = 0
    for field in 0..<fieldCount {
      let word = record[used]
      used += 1
      var stored = word
      switch fields[field].shape {
      case .scalar:
        break
      case .text:
        stored = strings.intern(UnsafeRawPointer(record + used), Int(word))
        used += (Int(word) + 7) / 8
      case .scalarArray:
        Self.append(record + used, count: Int(word), to: elements + field)
        used += Int(word)
      case .textArray:
        for _ in 0..<Int(word) {
          let length = Int(record[used])
          used += 1
          var index = strings.intern(UnsafeRawPointer(record + used), length)
          Self.append(&index, count: 1, to: elements + field)
          used += (length + 7) / 8
        }
      }
      words[field * capacity + count] = stored
    }
  }

  /// Separate, because compiler 6.3.1 fails on the inlined code under the thread sanitizer.
  private static func append(
    _ words: UnsafePointer<UInt64>, count: Int,
    to buffer: UnsafeMutablePointer<GrowingBuffer<UInt64>>
  ) {
    buffer.pointee.append(words, count: count)
  }

  @inline(never)
  private mutating func grow() {
    let larger = max(capacity * 4, 16)
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: max(fieldCount, 1) * larger)
    for field in 0..<fieldCount {
      (memory + field * larger).update(from: words + field * capacity, count: count)
    }
    words.deallocate()
    words = memory
    capacity = larger
  }

  /// Writes the type's section: the string table, then the fields' columns.
  mutating func encode(into target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder) {
    target.append(varint: UInt64(fieldCount))
    if hasText {
      target.append(varint: UInt64(strings.count))
      encoder.encode(strings.lengths.base, count: strings.count, into: &target)
      target.append(strings.bytes.rawBytes)
    }
    for field in 0..<fieldCount {
      let plan = fields[field]
      let column = words + field * capacity
      if plan.shape == .scalar, let scalar = plan.scalar {
        Self.canonicalize(column, count, scalar)
      }
      encoder.encode(
        column, count: count, hint: plan.isArray ? .integers : plan.hint, into: &target)
      guard plan.isArray else { continue }
      if let scalar = plan.scalar {
        Self.canonicalize(elements[field].base, elements[field].count, scalar)
      }
      target.append(varint: UInt64(elements[field].count))
      encoder.encode(
        elements[field].base, count: elements[field].count, hint: plan.hint, into: &target)
    }
  }

  /// Clears bits beyond the type's width, because a program may have written anything to its ring.
  private static func canonicalize(
    _ column: UnsafeMutablePointer<UInt64>, _ count: Int, _ scalar: ScalarType
  ) {
    guard scalar.bitWidth < 64 else { return }
    var foreign: UInt64 = 0
    if scalar.isSigned {
      let unused = UInt64(64 - scalar.bitWidth)
      for index in 0..<count {
        let word = column[index]
        foreign |= word ^ UInt64(bitPattern: Int64(bitPattern: word &<< unused) &>> Int64(unused))
      }
    } else {
      for index in 0..<count { foreign |= column[index] }
      foreign &= ~0 &<< UInt64(scalar.bitWidth)
    }
    guard foreign != 0 else { return }
    for index in 0..<count { column[index] = scalar.canonical(column[index]) }
  }
}
