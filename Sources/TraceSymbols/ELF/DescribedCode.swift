/// Where functions begin and end by an image's call frame information, for symbols that do not say.
final class DescribedCode {
  private let file: ELFFile
  private let addressing: FileAddressing
  /// Read when first needed; nil where there is none.
  private lazy var frames = try? FrameTable(file)

  init(_ file: ELFFile, _ addressing: FileAddressing) {
    self.file = file
    self.addressing = addressing
  }

  /// The end of the described function that holds an offset of the file, or where the next one
  /// begins; nil where nothing is described behind it.
  func end(after offset: UInt64) -> UInt64? {
    guard let frames, let address = addressing.address(ofFileOffset: offset) else { return nil }
    let end = frames.function(at: address)?.upperBound ?? frames.functionStart(after: address)
    guard let end, let last = addressing.fileOffset(ofCode: end &- 1), last >= offset else {
      return nil
    }
    return last + 1
  }
}
