/// The identifier of an image without a build id: a digest of its bytes, used in place of a build
/// id.
extension BuildID {
  /// The prefix of a content id. A linker's digest has it only with a probability of one in four
  /// thousand million.
  private static let contentMark = Array("CONT".utf8)
  private static let contentBytes = 20
  /// Only the ends of a long file are read.
  private static let contentPartMax: UInt64 = 8 << 20

  /// For an image that could not be read while it was mapped; it matches no file.
  public static let unknownContent = BuildID(
    contentMark + [UInt8](repeating: 0, count: contentBytes - contentMark.count))!

  /// Whether this is a digest, which is not in a note of the image.
  public var isContent: Bool {
    bytes.count == Self.contentBytes && bytes.starts(with: Self.contentMark)
  }

  /// The digest of a file.
  ///
  /// - Cost: reads the whole file or, if it is longer than 16 MB, the first and the last 8 MB.
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

/// Two sums of the file's words, each mixed by multiplication. They distinguish versions of a file,
/// but are not collision-resistant.
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
  /// Whether the file has this build id, which may be a content id.
  public func isImage(of id: BuildID) -> Bool {
    id.isContent ? BuildID.content(of: source) == id : buildID?.matches(id) == true
  }
}
