internal import TraceAnalysis
internal import TraceExport

/// The frames of a profile as lines of text.
struct StackLines {
  private let profile: StackProfile

  init(_ profile: StackProfile) { self.profile = profile }

  /// The address of a frame: in an image, the offset in its file.
  func address(_ frame: FrameID) -> UInt64 { profile.origins[Int(frame.rawValue)].address }

  func title(_ frame: FrameID) -> String {
    exported(profile.stacks.frames[frame].exportedName)
  }

  /// File and line, or the image.
  func place(_ frame: FrameID) -> String {
    let origin = profile.origins[Int(frame.rawValue)]
    if !origin.file.isEmpty { return exported("\(origin.file):\(origin.line)") }
    return exported(origin.module.map { profile.modules[$0].path } ?? "?")
  }

  /// Lines as in Go's profiles: address, function and place of each frame.
  ///
  /// - Parameter addresses: the addresses of the frames that are not inlined.
  func named(_ frames: [FrameID], at addresses: [UInt64]) -> String {
    var text = ""
    var position = 0
    for frame in frames {
      let address = position < addresses.count ? addresses[position] : address(frame)
      text += "#\t0x" + String(address, radix: 16) + "\t\(title(frame))\t\(place(frame))\n"
      if !profile.stacks.frames[frame].isInlined { position += 1 }
    }
    return text
  }
}
