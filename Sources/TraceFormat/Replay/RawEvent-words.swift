package import TraceEvents

extension RawEvent {
  /// Appends the event's fields in the encoding of ``EventEncoder``.
  package func appendWords(of schema: EventSchema, to words: inout [UInt64]) {
    for (index, field) in schema.fields.enumerated() {
      if field.type.fixedScalar != nil {
        words.append(word(index))
      } else if case .array(let element) = field.type {
        appendElements(index, isFixed: FieldType.one(element).fixedScalar != nil, to: &words)
      } else {
        words.append(bytes: bytes(index))
      }
    }
  }

  private func appendElements(_ field: Int, isFixed: Bool, to words: inout [UInt64]) {
    var elements = elements(field)
    let place = words.count
    words.append(0)
    while true {
      if isFixed {
        guard let word = elements.nextWord() else { break }
        words.append(word)
      } else {
        guard let bytes = elements.nextBytes() else { break }
        words.append(bytes: bytes)
      }
      words[place] += 1
    }
  }
}

extension [UInt64] {
  /// Appends the number of bytes, then the bytes, padded with zeros to whole words.
  fileprivate mutating func append(bytes: UnsafeRawBufferPointer) {
    append(UInt64(bytes.count))
    let first = count
    append(contentsOf: repeatElement(0, count: (bytes.count + 7) / 8))
    guard !bytes.isEmpty else { return }
    withUnsafeMutableBytes {
      $0.baseAddress!.advanced(by: first * 8).copyMemory(
        from: bytes.baseAddress!, byteCount: bytes.count)
    }
  }
}
