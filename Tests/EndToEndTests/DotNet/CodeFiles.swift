import TestSupport

/// Methods that a runtime has written into a perf map and a jitdump file, by address.
struct CodeFiles {
  struct Method: Hashable {
    var size: UInt64
    var name: String
  }

  /// Lines are `start size name`.
  static func perfMap(_ path: String) throws -> [UInt64: Set<Method>] {
    var methods: [UInt64: Set<Method>] = [:]
    for line in try readText(path).split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 2)
      guard words.count == 3, let start = UInt64(words[0].hexDigits, radix: 16),
        let size = UInt64(words[1].hexDigits, radix: 16)
      else { continue }
      methods[start, default: []].insert(Method(size: size, name: String(words[2])))
    }
    return methods
  }

  /// The records of loaded code.
  static func jitdump(_ path: String) throws -> [UInt64: Set<Method>] {
    let bytes = try readBytes(path)
    let word = { (offset: Int, size: Int) in
      (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
    var methods: [UInt64: Set<Method>] = [:]
    var offset = Int(word(8, 4))
    while offset + 16 <= bytes.count {
      let size = Int(word(offset + 4, 4))
      guard size >= 16, offset + size <= bytes.count else { break }
      if word(offset, 4) == 0 {
        let name = bytes[(offset + 56)..<(offset + size)].prefix { $0 != 0 }
        methods[word(offset + 32, 8), default: []].insert(
          Method(size: word(offset + 40, 8), name: String(decoding: name, as: UTF8.self)))
      }
      offset += size
    }
    return methods
  }
}

extension Substring {
  fileprivate var hexDigits: Substring { hasPrefix("0x") ? dropFirst(2) : self }
}
