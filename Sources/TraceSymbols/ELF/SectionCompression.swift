internal import Glibc

/// A compressed section (SHF_COMPRESSED): its compression header and its decompressed bytes.
struct SectionCompression {
  enum Kind: UInt32 {
    case zlib = 1
    case zstd = 2
  }

  /// Nil for an unknown method.
  let kind: Kind?
  /// Size of the decompressed section.
  let size: UInt64
  let alignment: UInt64
  private let headerSize: Int

  /// Nil for a section that is not compressed, or too short for its header.
  init?(_ section: ELFSection, of file: ELFFile) {
    let words = file.header.words
    headerSize = words.is64Bit ? 24 : 12
    let bytes = file.source.read(at: section.fileOffset, count: headerSize)
    guard section.isCompressed, bytes.count == headerSize else { return nil }
    (kind, size, alignment) = bytes.withUnsafeBytes {
      (
        Kind(rawValue: words.word($0, 0)), words.native($0, words.is64Bit ? 8 : 4),
        words.native($0, words.is64Bit ? 16 : 8)
      )
    }
  }

  /// The section's decompressed bytes; nil if they are damaged or more than `limit`, or if the
  /// decompression library is not installed.
  func unpack(_ section: ELFSection, of file: ELFFile, limit: Int) -> [UInt8]? {
    guard let kind, size <= UInt64(limit), section.size >= UInt64(headerSize),
      section.size <= file.source.count
    else { return nil }
    let packed = file.source.read(
      at: section.fileOffset + UInt64(headerSize), count: Int(section.size) - headerSize)
    let unpacked = [UInt8](unsafeUninitializedCapacity: Int(size)) { target, count in
      let target = UnsafeMutableRawBufferPointer(target)
      let isWhole = packed.withUnsafeBytes { source in
        kind == .zlib
          ? Decompressors.zlib(source, into: target) : Decompressors.zstd(source, into: target)
      }
      count = isWhole ? target.count : 0
    }
    return unpacked.count == Int(size) ? unpacked : nil
  }
}

/// The system's zlib and zstd, loaded when first needed. Most images do not need them, and libelf,
/// which does, installs the libraries but not their headers.
private enum Decompressors {
  private typealias Uncompress =
    @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt>, UnsafeRawPointer?, UInt)
    -> Int32
  private typealias Decompress =
    @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeRawPointer?, Int) -> Int

  private static let uncompress = function("uncompress", in: "libz.so.1", as: Uncompress.self)
  private static let decompress = function(
    "ZSTD_decompress", in: "libzstd.so.1", as: Decompress.self)

  private static func function<Function>(
    _ name: String, in library: String, as _: Function.Type
  ) -> Function? {
    guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(handle, name)
    else { return nil }
    return unsafeBitCast(symbol, to: Function.self)
  }

  /// Whether the output fills the buffer exactly.
  static func zlib(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard let uncompress else { return false }
    var count = UInt(target.count)
    let code = uncompress(target.baseAddress, &count, source.baseAddress, UInt(source.count))
    return code == 0 && count == UInt(target.count)
  }

  static func zstd(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard let decompress else { return false }
    // Errors are the highest numbers, which are negative here.
    return decompress(target.baseAddress, target.count, source.baseAddress, source.count)
      == target.count
  }
}
