internal import OSStrings

/// The layouts of tracepoints' records, from the recording's copy of the kernel's files named
/// format.
struct TracepointFormats {
  private static let formatsMax = 16_384

  /// The text of each format, and the tracepoint's system, by the tracepoint's number.
  private(set) var texts: [UInt64: (system: String, text: String)] = [:]

  /// Reads the tracing data: the kernel's description of its ring, then the formats by system.
  mutating func read(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.starts(with: [0x17, 0x08, 0x44] + Array("tracing".utf8)) else { return }
    var reader = ForeignReader(bytes, at: 10)
    _ = reader.terminated()
    // Byte order, size of a long, size of a page.
    reader.skip(2 + 4)
    for _ in 0..<2 {
      _ = reader.terminated()
      _ = reader.bytes(reader.word64())
    }
    let own = reader.word32()
    for _ in 0..<min(own, 4096) where !reader.isShort { add(&reader, "ftrace") }
    let systems = reader.word32()
    for _ in 0..<min(systems, 4096) where !reader.isShort {
      let system = reader.terminated()
      let count = reader.word32()
      for _ in 0..<min(count, 65_536) where !reader.isShort { add(&reader, system) }
    }
  }

  private mutating func add(_ reader: inout ForeignReader, _ system: String) {
    let bytes = reader.bytes(reader.word64())
    guard !reader.isShort, texts.count < Self.formatsMax else { return }
    let text = String(osBytes: UnsafeRawBufferPointer(rebasing: bytes.prefix(1 << 16)))
    let line = text.split(separator: "\n").first { $0.hasPrefix("ID: ") }
    guard let id = line.flatMap({ UInt64($0.dropFirst(4)) }) else { return }
    texts[id] = (system, text)
  }

  func format(_ id: UInt64) -> TracepointFormat? {
    texts[id].map { TracepointFormat(system: $0.system, text: $0.text) }
  }
}

/// The layout of a tracepoint's records.
struct TracepointFormat {
  struct Field {
    enum Kind {
      case number(bytes: Int, isSigned: Bool)
      case pointer
      case boolean
      /// Characters in place, up to a NUL.
      case text(bytes: Int)
      /// A text whose place the record has: its offset in the lower half of 4 bytes.
      case placedText(isRelative: Bool)
      case bytes(Int)
      case placedBytes(isRelative: Bool)
      case numbers(count: Int, bytes: Int, isSigned: Bool)
    }

    var name: String
    var offset: Int
    var kind: Kind
  }

  let system: String
  let name: String
  let text: String
  /// The fields, without those that all tracepoints have.
  let fields: [Field]

  private static let fieldsMax = 200

  init(system: String, text: String) {
    self.system = system
    self.text = text
    var name = ""
    var fields: [Field] = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("name: ") { name = String(line.dropFirst(6).prefix(256)) }
      if let field = Self.field(line), fields.count < Self.fieldsMax { fields.append(field) }
    }
    self.name = name
    self.fields = fields
  }

  /// Reads a line such as `field:char comm[16]; offset:8; size:16; signed:0;`.
  private static func field(_ line: Substring) -> Field? {
    let parts = line.split(separator: ";").map { $0.drop { $0 == " " || $0 == "\t" } }
    guard parts.count >= 3, parts[0].hasPrefix("field:"), parts[1].hasPrefix("offset:"),
      parts[2].hasPrefix("size:"), let offset = Int(parts[1].dropFirst(7)),
      let size = Int(parts[2].dropFirst(5)), offset >= 0, size >= 0, offset < 65_536,
      size < 65_536
    else { return nil }
    let isSigned = parts.count > 3 && parts[3] == "signed:1"
    let declaration = parts[0].dropFirst(6)
    guard let space = declaration.lastIndex(of: " ") else { return nil }
    var name = declaration[declaration.index(after: space)...]
    let type = declaration[..<space]
    let isArray = name.last == "]"
    if let bracket = name.firstIndex(of: "[") { name = name[..<bracket] }
    guard !name.isEmpty, !name.hasPrefix("common_") else { return nil }
    return Field(
      name: String(name.prefix(256)), offset: offset,
      kind: kind(type, isArray: isArray, size: size, isSigned: isSigned))
  }

  private static func kind(
    _ type: Substring, isArray: Bool, size: Int, isSigned: Bool
  ) -> Field.Kind {
    if type.hasPrefix("__data_loc") || type.hasPrefix("__rel_loc") {
      let isRelative = type.hasPrefix("__rel_loc")
      return type.contains("char")
        ? .placedText(isRelative: isRelative) : .placedBytes(isRelative: isRelative)
    }
    if isArray {
      if type == "char" { return .text(bytes: size) }
      let element = elementBytes(type)
      guard element > 0, size % element == 0 else { return .bytes(size) }
      return .numbers(count: size / element, bytes: element, isSigned: isSigned)
    }
    if type.hasSuffix("*") { return .pointer }
    if type == "bool" { return .boolean }
    return [1, 2, 4, 8].contains(size) ? .number(bytes: size, isSigned: isSigned) : .bytes(size)
  }

  /// The size of the elements of an array; 0 if it is not known.
  private static func elementBytes(_ type: Substring) -> Int {
    switch type {
    case "unsigned long", "long", "u64", "s64", "__u64", "__s64", "unsigned long long": 8
    case "unsigned int", "int", "u32", "s32", "__u32", "__s32": 4
    case "u16", "s16", "__u16", "__s16", "unsigned short", "short": 2
    default: 0
    }
  }
}
