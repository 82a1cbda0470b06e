/// Values and descriptions as the format has them.
extension NetTraceFile {
  static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }

  static func varint(_ value: UInt64) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
  }

  static func text16(_ text: String) -> [UInt8] { text.utf16.flatMap(little) + [0, 0] }

  static func text8(_ text: String) -> [UInt8] { varint(UInt64(text.utf8.count)) + text.utf8 }

  /// A field whose type is a code, and what follows the code.
  func field(_ name: String, _ code: UInt32, element: UInt32? = nil) -> [UInt8] {
    if version == 6 {
      let type = [UInt8(code)] + (element.map { [UInt8($0)] } ?? [])
      let row = Self.text8(name) + type
      return Self.little(UInt16(row.count)) + row
    }
    if let element {
      let row = Self.text16(name) + Self.little(code) + Self.little(element)
      return Self.little(UInt32(row.count + 4)) + row
    }
    return Self.little(code) + Self.text16(name)
  }

  /// A description; arrays need `sized` in versions 4 and 5.
  func kind(
    _ id: UInt32, _ provider: String, _ event: UInt32, _ name: String, opcode: UInt8? = nil,
    fields: [[UInt8]] = [], sized: Bool = false
  ) -> [UInt8] {
    if version == 6 {
      var row = Self.varint(UInt64(id)) + Self.text8(provider) + Self.varint(UInt64(event))
      row += Self.text8(name) + Self.little(UInt16(fields.count)) + fields.flatMap { $0 }
      var options: [UInt8] = [3] + Self.little(UInt64(0x77)) + [8, 3]
      if let opcode { options += [1, opcode] }
      return row + Self.little(UInt16(options.count)) + options
    }
    var row = Self.little(id) + Self.text16(provider) + Self.little(event) + Self.text16(name)
    row += Self.little(UInt64(0x77)) + Self.little(UInt32(0)) + Self.little(UInt32(3))
    row += Self.little(UInt32(sized ? 0 : fields.count))
    if !sized { row += fields.flatMap { $0 } }
    if let opcode { row += Self.little(UInt32(1)) + [1, opcode] }
    if sized {
      let list = Self.little(UInt32(fields.count)) + fields.flatMap { $0 }
      row += Self.little(UInt32(list.count)) + [2] + list
    }
    return row
  }
}
