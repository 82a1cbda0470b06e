/// The frames of a stack as a format writes them, innermost first.
package protocol StackFrames {
  var count: Int { get }
  func address(_ index: Int) -> UInt64
  /// Appends a frame as ``EventFormat/write(frame:to:)`` writes it.
  func write(_ index: Int, in format: some EventFormat, to output: inout OutputBuffer)
}

extension [NamedFrame]: StackFrames {
  package func address(_ index: Int) -> UInt64 { self[index].address }

  @inline(__always)
  package func write(_ index: Int, in format: some EventFormat, to output: inout OutputBuffer) {
    format.write(frame: self[index], to: &output)
  }
}

/// A stack whose frames have been rendered before.
struct RenderedStack: StackFrames {
  let addresses: [UInt64]
  /// Texts of the frames, in a ``FrameTexts``.
  let texts: [ByteSlice]

  var count: Int { texts.count }
  func address(_ index: Int) -> UInt64 { addresses[index] }

  @inline(__always)
  func write(_ index: Int, in format: some EventFormat, to output: inout OutputBuffer) {
    output.append(padded: texts[index])
  }
}
