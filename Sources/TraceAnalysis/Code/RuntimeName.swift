internal import TraceEvents

/// Composes a method's name from the parts announced by a runtime.
struct RuntimeName {
  private(set) var bytes: [UInt8] = []

  /// Composes "Namespace.Class.name(signature)". If the signature begins with the result type, as
  /// in .NET, only the parameters are used.
  mutating func compose(namespace: String, name: String, signature: String) {
    bytes.removeAll(keepingCapacity: true)
    if !namespace.isEmpty {
      append(namespace)
      bytes.append(UInt8(ascii: "."))
    }
    append(name)
    var signature = signature
    signature.withUTF8 { text in
      let start = text.firstIndex(of: UInt8(ascii: "(")) ?? 0
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }
  }

  /// Appends whole buffers: a string's view would be copied byte by byte.
  private mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { bytes.append(contentsOf: $0) }
  }

  /// Converts a class file's descriptor to Java syntax: "put(Object, Object)" for
  /// "put(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;".
  static func display(_ raw: UnsafeRawBufferPointer) -> String {
    inJavasWords(raw.assumingMemoryBound(to: UInt8.self)) ?? String(decoding: raw, as: UTF8.self)
  }

  /// Returns nil if the parameters are not a descriptor.
  private static func inJavasWords(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    // A descriptor ends with the result type.
    guard let last = bytes.last, last != UInt8(ascii: ")"),
      let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
    else { return nil }
    var shown: [UInt8] = []
    shown.reserveCapacity(bytes.count + 32)
    shown.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[...open]))
    var descriptor = Descriptor(bytes: bytes[(open + 1)..<close])
    // Only a complete, valid descriptor, including the result type, is converted.
    while !descriptor.bytes.isEmpty {
      if shown.count > open + 1 { shown += ", ".utf8 }
      guard descriptor.appendType(to: &shown) else { return nil }
    }
    // The result type must be valid, but is not shown.
    let shownCount = shown.count
    var result = Descriptor(bytes: bytes[(close + 1)...])
    guard result.appendType(to: &shown), result.bytes.isEmpty else { return nil }
    shown.removeSubrange(shownCount...)
    shown.append(UInt8(ascii: ")"))
    return String(decoding: shown, as: UTF8.self)
  }

  private struct Descriptor {
    var bytes: Slice<UnsafeBufferPointer<UInt8>>

    /// Consumes one type and appends its Java syntax; returns false if there is no valid type.
    mutating func appendType(to shown: inout [UInt8]) -> Bool {
      let dimensions = bytes.prefix { $0 == UInt8(ascii: "[") }.count
      bytes = bytes.dropFirst(dimensions)
      guard let letter = bytes.popFirst() else { return false }
      if letter == UInt8(ascii: "L") {
        guard let end = bytes.firstIndex(of: UInt8(ascii: ";")) else { return false }
        let name = bytes[bytes.startIndex..<end]
        bytes = bytes[(end + 1)...]
        guard !name.isEmpty else { return false }
        let simple = name.lastIndex(of: UInt8(ascii: "/")).map { name[($0 + 1)...] } ?? name
        shown.append(contentsOf: UnsafeBufferPointer(rebasing: simple))
      } else {
        guard let word = Self.primitive(letter) else { return false }
        shown.append(contentsOf: word.utf8)
      }
      for _ in 0..<dimensions { shown += "[]".utf8 }
      return true
    }

    private static func primitive(_ letter: UInt8) -> String? {
      switch letter {
      case UInt8(ascii: "B"): "byte"
      case UInt8(ascii: "C"): "char"
      case UInt8(ascii: "D"): "double"
      case UInt8(ascii: "F"): "float"
      case UInt8(ascii: "I"): "int"
      case UInt8(ascii: "J"): "long"
      case UInt8(ascii: "S"): "short"
      case UInt8(ascii: "V"): "void"
      case UInt8(ascii: "Z"): "boolean"
      default: nil
      }
    }
  }
}
