/// What tells an image from others whose linker wrote no build id: a digest of its bytes, in the
/// place of one.
extension BuildID {
  /// What begins a content id: no linker's digest does, but for one in four thousand million.
  private static let contentMark = Array("CONT".utf8)
  private static let contentBytes = 20
  /// Of a long file its ends are read.
  private static let contentPartMax: UInt64 = 8 << 20

  /// Of an image that was mapped and could not be read then: no file is known to be it.
  public static let unknownContent = BuildID(
    contentMark + [UInt8](repeating: 0, count: contentBytes - contentMark.count))!

  /// Whether it is a digest, and stands in no note of the image's.
  public var isContent: Bool {
    bytes.count == Self.contentBytes && bytes.starts(with: Self.contentMark)
  }

  /// The digest of a file.
  ///
  /// - Cost: reads it, of more than 16 MB the first and the last 8 MB.
  public static func content(of source: ByteSource) -> BuildID {
    var digest = ContentDigest()
    digest.add(source.count)
    let first = min(source.count, 2 * contentPartMax)
    if source.count > first {
      digest.add(source, 0..<contentPartMax)
      digest.add(source, (source.count - contentPartMax)..<source.count)
    } else {
      digest.add(source, 0..<first)
    }
    return BuildID(contentMark + digest.bytes)!
  }
}

/// Two sums of the words of a file, each mixed by multiplication. They tell versions of a file
/// apart; whoever wants two files to have one digest can make them.
private struct ContentDigest {
  private var (one, two): (UInt64, UInt64) = (0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f)

  var bytes: [UInt8] {
    [one, two].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
  }

  mutating func add(_ word: UInt64) {
    let first = (one ^ word).multipliedFullWidth(by: 0xff51_afd7_ed55_8ccd)
    one = first.high ^ first.low
    two = ((two &+ word) &* 0x9e37_79b1_85eb_ca87)
    two ^= two >> 29
  }

  mutating func add(_ source: ByteSource, _ range: Range<UInt64>) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let wanted = min(UInt64(SymbolLimits.chunkBytes), range.upperBound - offset)
      let chunk = source.read(at: offset, count: Int(wanted))
      if chunk.isEmpty { return }
      chunk.withUnsafeBytes { raw in
        for place in stride(from: 0, to: raw.count & ~7, by: 8) {
          add(raw.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        }
        for byte in raw[(raw.count & ~7)...] { add(UInt64(byte)) }
      }
      offset += UInt64(chunk.count)
    }
  }
}

extension ELFFile {
  /// Whether the file is the image of a build id, which may be a content id.
  public func isImage(of id: BuildID) -> Bool {
    id.isContent ? BuildID.content(of: source) == id : buildID?.matches(id) == true
  }
}
