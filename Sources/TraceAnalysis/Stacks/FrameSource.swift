internal import TraceSymbols

/// Where a frame comes from in the source, with names as people call them.
public struct FrameSource: Hashable, Sendable {
  /// A line of a source file.
  public struct Place: Hashable, Sendable {
    /// The path as the compiler had it.
    public var file: String
    /// From 1.
    public var line: UInt32

    public init(file: String, line: UInt32) {
      self.file = file
      self.line = line
    }

    /// `work.c:12`: without the directories.
    public var shortName: String { SourceLine(file: file, line: line).shortName }
  }

  /// A call that a compiler has inlined.
  public struct InlinedCall: Hashable, Sendable {
    /// `?` where the debug information does not say.
    public var function: String
    public var place: Place?

    public init(function: String, place: Place? = nil) {
      self.function = function
      self.place = place
    }
  }

  /// In the function that the frame is of.
  public var place: Place?
  /// The innermost first, as in stacks.
  public var inlined: [InlinedCall]

  public init(place: Place? = nil, inlined: [InlinedCall] = []) {
    self.place = place
    self.inlined = inlined
  }
}

extension FrameSource {
  /// As much of it as is to be shown.
  init(_ frames: SourceFrames, _ detail: SourceDetail) {
    let place = { (line: SourceLine?) -> Place? in
      detail.lines ? line.map { Place(file: $0.file, line: $0.line) } : nil
    }
    self.init(place: place(frames.line))
    guard detail.inlined else { return }
    inlined = frames.inlined.reversed().map {
      InlinedCall(function: $0.shownName, place: place($0.line))
    }
  }
}

extension InlinedFunction {
  /// Demangled; `?` where the debug information does not say.
  var shownName: String { name.isEmpty ? "?" : Demangler.displayName(name).display }
}

extension Symbolizer {
  /// The answer of ``resolveSpan(pid:address:at:isCaller:)``, and where a function that has a name
  /// comes from, as far as asked for and known; the same for the same times.
  public func resolveSource(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool, _ detail: SourceDetail
  ) -> (resolution: Resolution, source: FrameSource, span: ClosedRange<Int64>) {
    let (resolution, span) = resolveSpan(
      pid: pid, address: address, at: timestamp, isCaller: isCaller)
    guard detail != .none, resolution.symbolID != nil,
      let frames = sourceFrames(pid: pid, address: address, at: timestamp, isCaller: isCaller)
    else { return (resolution, FrameSource(), span) }
    return (resolution, FrameSource(frames, detail), span)
  }
}
