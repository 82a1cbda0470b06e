internal import TraceEvents

/// A method's name as a runtime announces it in parts, put together.
struct RuntimeName {
  private(set) var bytes: [UInt8] = []

  /// "Namespace.Class.name(signature)": of a signature that begins with the result's type, as
  /// .NET's does, the parameters.
  mutating func compose(namespace: String, name: String, signature: String) {
    bytes.removeAll(keepingCapacity: true)
    if !namespace.isEmpty {
      bytes.append(contentsOf: namespace.utf8)
      bytes.append(UInt8(ascii: "."))
    }
    bytes.append(contentsOf: name.utf8)
    guard !signature.isEmpty else { return }
    let text = signature.utf8
    bytes.append(contentsOf: text[(text.firstIndex(of: UInt8(ascii: "(")) ?? text.startIndex)...])
  }

  /// The same with a class file's descriptor in Java's words: "put(Object, Object)" for
  /// "put(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;".
  static func display(_ raw: String) -> String {
    // A descriptor ends with the result's type.
    guard let last = raw.utf8.last, last != UInt8(ascii: ")") else { return raw }
    let bytes = Array(raw.utf8)
    guard let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close, close + 1 < bytes.count
    else { return raw }
    var descriptor = Descriptor(bytes: bytes[(open + 1)..<close])
    var result = Descriptor(bytes: bytes[(close + 1)...])
    // Only what is a descriptor from end to end, the result included, is taken for one.
    guard let parameters = descriptor.types(), let results = result.types(), results.count == 1
    else { return raw }
    return String(decoding: bytes[..<open], as: UTF8.self)
      + "(" + parameters.joined(separator: ", ") + ")"
  }

  private struct Descriptor {
    var bytes: ArraySlice<UInt8>

    mutating func types() -> [String]? {
      var types: [String] = []
      while !bytes.isEmpty {
        guard let type = type() else { return nil }
        types.append(type)
      }
      return types
    }

    private mutating func type() -> String? {
      let dimensions = bytes.prefix { $0 == UInt8(ascii: "[") }.count
      bytes = bytes.dropFirst(dimensions)
      guard let letter = bytes.popFirst() else { return nil }
      let brackets = String(repeating: "[]", count: dimensions)
      if letter == UInt8(ascii: "L") {
        guard let end = bytes.firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let name = bytes[bytes.startIndex..<end]
        bytes = bytes[(end + 1)...]
        guard !name.isEmpty else { return nil }
        let last = name.lastIndex(of: UInt8(ascii: "/")).map { name[($0 + 1)...] } ?? name
        return String(decoding: last, as: UTF8.self) + brackets
      }
      return Self.primitives[letter].map { $0 + brackets }
    }

    private static let primitives: [UInt8: String] = [
      UInt8(ascii: "B"): "byte", UInt8(ascii: "C"): "char", UInt8(ascii: "D"): "double",
      UInt8(ascii: "F"): "float", UInt8(ascii: "I"): "int", UInt8(ascii: "J"): "long",
      UInt8(ascii: "S"): "short", UInt8(ascii: "V"): "void", UInt8(ascii: "Z"): "boolean",
    ]
  }
}
