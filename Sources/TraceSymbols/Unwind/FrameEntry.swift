/// A common information entry (CIE): data shared by the functions of a compilation unit.
struct CommonEntry {
  var codeAlignment: UInt64
  var dataAlignment: Int64
  var returnRegister: UInt8
  var pointers: PointerEncoding
  var isSignalFrame: Bool
  /// Whether the entries of its functions have augmentation bytes with a length.
  var hasAugmentation: Bool
  var instructions: FrameCursor
}

/// A frame description entry (FDE) of one function.
struct FunctionEntry {
  var common: CommonEntry
  var start: UInt64
  var length: UInt64
  var instructions: FrameCursor
}

extension FrameCursor {
  /// The head of an entry: its body, and 0 or the distance back to its common entry.
  struct EntryHead {
    var body: FrameCursor
    /// The position of the distance, which it is relative to.
    var place: Int
    var distance: UInt64
  }

  /// Reads the entry at the cursor; nil at the zero length that ends a section.
  mutating func entryHead() throws(FrameError) -> EntryHead? {
    var length = UInt64(try read(UInt32.self))
    if length == 0 { return nil }
    if length == 0xffff_ffff { length = try read(UInt64.self) }
    var body = try slice(length)
    let place = body.offset
    // In `.eh_frame`, the distance has 4 bytes, whatever the size of the length.
    let distance = UInt64(try body.read(UInt32.self))
    return EntryHead(body: body, place: place, distance: distance)
  }

  /// The common entry at an offset of the section.
  func commonEntry(at place: Int) throws(FrameError) -> CommonEntry {
    var start = FrameCursor(bytes, address: address, at: place)
    guard let head = try start.entryHead(), head.distance == 0 else { throw .entry }
    var body = head.body
    let version = try body.byte()
    guard version == 1 || version == 3 else { throw .entry }
    let augmentation = try body.text(limit: 16)
    let codeAlignment = try body.unsigned()
    let dataAlignment = try body.signed()
    let returnRegister = version == 1 ? UInt64(try body.byte()) : try body.unsigned()
    guard returnRegister < UnwindRegisters.count else { throw .register }
    var entry = CommonEntry(
      codeAlignment: codeAlignment, dataAlignment: dataAlignment,
      returnRegister: UInt8(returnRegister), pointers: .absolute, isSignalFrame: false,
      hasAugmentation: false, instructions: body)
    if !augmentation.isEmpty {
      guard bytes[augmentation.lowerBound] == UInt8(ascii: "z") else { throw .entry }
      entry.hasAugmentation = true
      var extra = try body.slice(try body.unsigned())
      try entry.apply(bytes[augmentation.dropFirst()], &extra)
      entry.instructions = body
    }
    return entry
  }

  /// The function's entry at an offset of the section; nil at a common entry or the end.
  func functionEntry(at place: Int) throws(FrameError) -> FunctionEntry? {
    guard place >= 0, place < bytes.count else { throw .outOfBounds }
    var start = FrameCursor(bytes, address: address, at: place)
    guard let head = try start.entryHead(), head.distance != 0 else { return nil }
    guard head.distance <= UInt64(head.place) else { throw .outOfBounds }
    return try functionEntry(
      head, common: commonEntry(at: head.place - Int(head.distance)))
  }

  func functionEntry(
    _ head: EntryHead, common: CommonEntry
  ) throws(FrameError) -> FunctionEntry {
    var body = head.body
    let start = try body.pointer(common.pointers)
    let length = try body.pointer(common.pointers.formatOnly)
    if common.hasAugmentation { try body.skip(try body.unsigned()) }
    return FunctionEntry(common: common, start: start, length: length, instructions: body)
  }
}

extension CommonEntry {
  /// Parses the augmentation's letters, each with its part of the augmentation's bytes.
  fileprivate mutating func apply(
    _ letters: some Sequence<UInt8>, _ extra: inout FrameCursor
  ) throws(FrameError) {
    for letter in letters {
      switch letter {
      case UInt8(ascii: "R"): pointers = PointerEncoding(rawValue: try extra.byte())
      case UInt8(ascii: "P"):
        try extra.skipPointer(PointerEncoding(rawValue: try extra.byte()))
      case UInt8(ascii: "L"): _ = try extra.byte()
      case UInt8(ascii: "S"): isSignalFrame = true
      // The size of an unknown letter's data is not known; the letters before it are kept.
      default: return
      }
    }
  }
}
