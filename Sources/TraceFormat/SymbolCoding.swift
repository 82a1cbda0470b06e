internal import OSStrings
internal import TraceEvents

// A block of symbols: texts, images, and the functions of all images, concatenated. SPEC.md,
// "Symbols".

extension [ImageSymbols] {
  func write(to target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder) {
    var texts = TextIndexes()
    let paths = map { texts.index(of: $0.path.osBytes) }
    let buildIDs = map { texts.index(of: $0.buildID) }
    let functions = flatMap(\.functions)
    let names = functions.map { texts.index(of: $0.name.osBytes) }
    texts.write(to: &target, with: &encoder)
    target.append(varint: UInt64(count))
    target.appendColumn(of: self, with: &encoder) { UInt64($0.kind.rawValue) }
    target.appendColumn(of: paths, with: &encoder) { $0 }
    target.appendColumn(of: buildIDs, with: &encoder) { $0 }
    target.appendColumn(of: self, with: &encoder) { UInt64($0.functions.count) }
    target.append(varint: UInt64(functions.count))
    var differences: [UInt64] = []
    for image in self {
      var previous: UInt64 = 0
      for function in image.functions {
        differences.append(zigzag(function.offset &- previous))
        previous = function.offset
      }
    }
    target.appendColumn(of: differences, with: &encoder, hint: .skewed) { $0 }
    target.appendColumn(of: functions, with: &encoder, hint: .skewed) { $0.size }
    target.appendColumn(of: names, with: &encoder) { $0 }
  }

  /// - Parameter imageCount: set to the number of images, including those of unknown kinds.
  init(from reader: inout ByteReader, imageCount: inout Int) throws(ByteCodingError) {
    let texts = try Self.readTexts(&reader)
    let count = try reader.readCount(limit: FileLayout.imagesPerBlockMax)
    imageCount = count
    let kinds = try reader.readColumn(count: count)
    let paths = try reader.readColumn(count: count)
    let buildIDs = try reader.readColumn(count: count)
    let numbers = try reader.readColumn(count: count)
    let total = try reader.readCount(limit: FileLayout.functionsPerBlockMax)
    let differences = try reader.readColumn(count: total)
    let sizes = try reader.readColumn(count: total)
    let names = try reader.readColumn(count: total)
    // Created once per text, because many functions may share a name.
    let strings = texts.map { String(osBytes: $0) }
    self = []
    var used = 0
    for row in 0..<count {
      guard paths[row] < UInt64(texts.count), buildIDs[row] < UInt64(texts.count) else {
        throw reader.broken(.N1, Swift.max(paths[row], buildIDs[row]))
      }
      guard numbers[row] <= UInt64(total - used) else { throw reader.broken(.N2, numbers[row]) }
      let buildID = texts[Int(buildIDs[row])]
      guard buildID.count <= FileLayout.buildIDBytesMax,
        texts[Int(paths[row])].count <= FileLayout.pathBytesMax
      else { throw reader.error(.tooLong(limit: FileLayout.pathBytesMax)) }
      var functions: [ImageFunction] = []
      functions.reserveCapacity(Int(numbers[row]))
      var offset: UInt64 = 0
      for index in used..<used + Int(numbers[row]) {
        guard names[index] < UInt64(texts.count) else {
          throw reader.broken(.N1, names[index])
        }
        offset = offset &+ unzigzag(differences[index])
        functions.append(
          ImageFunction(offset: offset, size: sizes[index], name: strings[Int(names[index])]))
      }
      used += Int(numbers[row])
      // Images of unknown kinds are skipped.
      guard let kind = UInt8(exactly: kinds[row]).flatMap(ImageKind.init(rawValue:)) else {
        continue
      }
      append(
        ImageSymbols(
          kind: kind, path: String(osBytes: texts[Int(paths[row])]), buildID: Array<UInt8>(buildID),
          functions: functions))
    }
    guard used == total else { throw reader.broken(.N2, UInt64(used)) }
  }

  private static func readTexts(
    _ reader: inout ByteReader
  ) throws(ByteCodingError) -> [UnsafeRawBufferPointer] {
    let count = try reader.readCount(limit: FileLayout.textsPerBlockMax)
    let lengths = try reader.readColumn(count: count)
    var texts: [UnsafeRawBufferPointer] = []
    texts.reserveCapacity(count)
    for length in lengths {
      guard length <= UInt64(FileLayout.textBytesMax) else {
        throw reader.error(.tooLong(limit: FileLayout.textBytesMax))
      }
      texts.append(try reader.readBytes(Int(length)))
    }
    return texts
  }
}

/// Texts in the order of first use, without duplicates.
private struct TextIndexes {
  private var indexes: [[UInt8]: UInt64] = [:]
  private var texts: [[UInt8]] = []

  mutating func index(of text: [UInt8]) -> UInt64 {
    if let known = indexes[text] { return known }
    indexes[text] = UInt64(texts.count)
    texts.append(text)
    return UInt64(texts.count - 1)
  }

  func write(to target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder) {
    target.append(varint: UInt64(texts.count))
    target.appendColumn(of: texts, with: &encoder) { UInt64($0.count) }
    for text in texts { text.withUnsafeBytes { target.append($0) } }
  }
}
