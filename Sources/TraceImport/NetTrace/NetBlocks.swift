/// Finds the blocks of a .nettrace file, one after the other.
///
/// Versions 4 and 5 consist of tagged objects, whose contents begin at a multiple of four bytes in
/// the file; version 6 of blocks with a short header.
final class NetBlocks {
  enum Kind: UInt8 {
    case end = 0
    case trace, events, metadata, sequencePoint, stacks, threads, removedThreads, labels
    case unknown = 255
  }

  typealias Block = (kind: Kind, bytes: UnsafeRawBufferPointer)

  static let magic = Array("Nettrace".utf8)
  private static let stream = Array("!FastSerialization.1".utf8)
  /// The most bytes before an object's contents.
  private static let objectHeaderBytes = 64

  private let parts: any NetByteSource
  private(set) var offset: UInt64
  /// 4, 5 or 6; 4 until the first object is read.
  private(set) var version: Int
  /// Where the block that was returned last begins.
  private(set) var blockOffset: UInt64 = 0
  private(set) var damage: [String] = []
  /// Whether the mark of the file's end was found.
  private(set) var hasEnd = false
  private var isDone = false
  /// Whether the last object's end comes next.
  private var isInObject = false

  init(_ parts: any NetByteSource, name: String) throws(ImportError) {
    self.parts = parts
    let start = Array(parts.load(0, 20))
    guard start.count >= 20 else {
      throw .unusable(path: name, reason: "ends within the header of a .nettrace file")
    }
    let words = start.withUnsafeBytes { bytes in [8, 12].map { ForeignBytes(bytes).word32($0) } }
    if words[0] == 0 {
      guard words[1] == 6 else {
        throw .unusable(
          path: name, reason: "has version \(words[1]) of the format, which is not known")
      }
      (version, offset) = (6, 20)
    } else if start.starts(with: Self.magic), parts.load(12, 20).elementsEqual(Self.stream) {
      (version, offset) = (4, 32)
    } else {
      throw .unusable(path: name, reason: "has no header of a .nettrace file")
    }
  }

  /// The bytes after the end of the recording.
  var bytesAfterEnd: UInt64 { hasEnd ? parts.byteCount - min(offset, parts.byteCount) : 0 }

  /// The next block, valid until the next call; nil at the end.
  func next() -> Block? {
    guard !isDone else { return nil }
    guard offset < parts.byteCount else { return stopWithoutEnd() }
    return version == 6 ? nextBlock() : nextObject()
  }

  private func stop(_ reason: String) {
    damage.append(reason)
    isDone = true
  }

  private func stopWithoutEnd() -> Block? {
    stop("has no end: what recorded it was stopped, and names of methods may be missing")
    return nil
  }

  private func stopInHeader() -> Block? {
    // The number of a stream's bytes becomes known when it ends.
    guard offset < parts.byteCount else { return stopWithoutEnd() }
    stop("is cut: it ends within the header of a block")
    return nil
  }

  private func stopAtDamage() -> Block? {
    stop("is damaged at byte \(offset); what follows was not read")
    return nil
  }

  private func endsHere() { (hasEnd, isDone) = (true, true) }

  // MARK: Version 6

  private func nextBlock() -> Block? {
    let header = parts.load(offset, 4)
    guard header.count == 4 else { return stopInHeader() }
    let word = ForeignBytes(header).word32(0)
    let kind = Kind(rawValue: UInt8(word >> 24)) ?? .unknown
    offset += 4
    if kind == .end {
      endsHere()
      return nil
    }
    return content(kind, Int(word & 0xff_ffff))
  }

  // MARK: Versions 4 and 5

  private func nextObject() -> Block? {
    // Only what is surely there is waited for.
    let wanted = isInObject ? 1 : Self.objectHeaderBytes
    var cursor = NetCursor(parts.load(offset, Int(min(UInt64(wanted), parts.byteCount - offset))))
    if isInObject {
      // The end of the object before.
      let tag = cursor.take(UInt8.self)
      guard !cursor.isShort else { return stopInHeader() }
      guard tag == 6 else { return stopAtDamage() }
      offset += 1
      isInObject = false
      return next()
    }
    let tag = cursor.take(UInt8.self)
    if tag == 1 {
      offset += 1
      endsHere()
      return nil
    }
    let tags = [tag, cursor.take(UInt8.self), cursor.take(UInt8.self)]
    let object = cursor.take(UInt32.self)
    let reader = cursor.take(UInt32.self)
    let name = String(decoding: cursor.slice(Int(cursor.take(UInt32.self) & 63)), as: UTF8.self)
    let end = cursor.take(UInt8.self)
    let isWhole = parts.byteCount - offset >= UInt64(wanted)
    guard !cursor.isShort || isWhole else { return stopInHeader() }
    guard tags == [5, 5, 1], end == 6, !cursor.isShort, reader <= 5 else { return stopAtDamage() }
    offset += UInt64(cursor.offset)
    if name == "Trace" {
      version = object >= 5 ? 5 : 4
      return content(.trace, NetHeader.objectBytes)
    }
    let size = ForeignBytes(parts.load(offset, 4))
    guard size.count == 4 else { return stopInHeader() }
    offset = (offset + 4 + 3) & ~3
    let kinds: [String: Kind] = [
      "EventBlock": .events, "MetadataBlock": .metadata, "StackBlock": .stacks,
      "SPBlock": .sequencePoint,
    ]
    return content(kinds[name] ?? .unknown, Int(size.word32(0)))
  }

  // MARK: Contents

  private func content(_ kind: Kind, _ size: Int) -> Block? {
    blockOffset = offset
    isInObject = version < 6
    guard size <= parts.blockBytesMax else { return stopAtDamage() }
    let rest = parts.byteCount - min(offset, parts.byteCount)
    let bytes = parts.load(offset, Int(min(UInt64(size), rest)))
    if bytes.count < size {
      stop("is cut: its last block lacks \(size - bytes.count) of \(size) bytes")
    }
    offset += UInt64(bytes.count)
    return (kind, bytes)
  }
}
