/// Converts names from class files to the form used in Java.
enum JavaName {
  /// Returns "java.util.HashMap" for "Ljava/util/HashMap;", "int[][]" for "[[I" and, as in
  /// Class.getName, "Main$$Lambda/0x00007f68" for the hidden class "LMain$$Lambda.0x00007f68;".
  static func ofClass(signature: String) -> String {
    let dimensions = signature.prefix { $0 == "[" }.count
    let element = signature.dropFirst(dimensions)
    let name =
      if element.first == "L" {
        String(decoding: element.utf8.dropFirst().map(external), as: UTF8.self)
          .droppingSuffix(";")
      } else {
        primitives[String(element)] ?? String(element)
      }
    return name + String(repeating: "[]", count: dimensions)
  }

  private static func external(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "/"): UInt8(ascii: ".")
    case UInt8(ascii: "."): UInt8(ascii: "/")
    default: byte
    }
  }

  private static let primitives = [
    "B": "byte", "C": "char", "D": "double", "F": "float", "I": "int", "J": "long", "S": "short",
    "V": "void", "Z": "boolean",
  ]
}

extension String {
  fileprivate func droppingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }

  /// Truncates the text to this number of bytes, between characters.
  func clipped(toBytes limit: Int) -> String {
    guard utf8.count > limit else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: limit)
    while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return String(self[..<end])
  }
}

/// The class file's form of UTF-8: zero as two bytes, and characters beyond the basic plane as two
/// surrogates of three bytes each.
enum ModifiedUTF8 {
  static func decode(_ text: UnsafePointer<CChar>) -> String {
    decode(UnsafeBufferPointer(start: text, count: length(of: text)))
  }

  static func decode(_ text: UnsafeBufferPointer<CChar>) -> String {
    let bytes = UnsafeRawBufferPointer(text)
    if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
    var units: [UInt16] = []
    units.reserveCapacity(bytes.count)
    var index = 0
    func continuation(_ offset: Int) -> UInt16? {
      guard index + offset < bytes.count, bytes[index + offset] & 0xC0 == 0x80 else { return nil }
      return UInt16(bytes[index + offset] & 0x3F)
    }
    while index < bytes.count {
      let lead = UInt16(bytes[index])
      if lead < 0x80 {
        units.append(lead)
        index += 1
      } else if lead & 0xE0 == 0xC0, let low = continuation(1) {
        units.append((lead & 0x1F) << 6 | low)
        index += 2
      } else if lead & 0xF0 == 0xE0, let middle = continuation(1), let low = continuation(2) {
        units.append((lead & 0x0F) << 12 | middle << 6 | low)
        index += 3
      } else {
        units.append(0xFFFD)
        index += 1
      }
    }
    return String(decoding: units, as: UTF16.self)
  }

  private static func length(of text: UnsafePointer<CChar>) -> Int {
    var count = 0
    while text[count] != 0 { count += 1 }
    return count
  }
}
