/// The bounds of functions from an image's call frame information, for symbols without a size.
final class DescribedCode {
  private let file: ELFFile
  private let addressing: FileAddressing
  /// Read when first needed; nil if there is none.
  private lazy var frames = try? FrameTable(file)

  init(_ file: ELFFile, _ addressing: FileAddressing) {
    self.file = file
    self.addressing = addressing
  }

  /// The end of the described function that contains a file offset, or the start of the next one;
  /// nil if no described function follows.
  func end(after offset: UInt64) -> UInt64? {
    guard let frames, let address = addressing.address(ofFileOffset: offset) else { return nil }
    let end = frames.function(at: address)?.upperBound ?? frames.functionStart(after: address)
    guard let end, let last = addressing.fileOffset(ofCode: end &- 1), last >= offset else {
      return nil
    }
    return last + 1
  }
}
