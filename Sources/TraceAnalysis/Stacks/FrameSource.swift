internal import TraceSymbols

/// Source location of a frame, with demangled names.
public struct FrameSource: Hashable, Sendable {
  /// A line of a source file.
  public struct Place: Hashable, Sendable {
    /// Path as recorded by the compiler.
    public var file: String
    /// Line number, from 1.
    public var line: UInt32

    public init(file: String, line: UInt32) {
      self.file = file
      self.line = line
    }

    /// File name and line without directories, such as `work.c:12`.
    public var shortName: String { SourceLine(file: file, line: line).shortName }
  }

  /// An inlined call.
  public struct InlinedCall: Hashable, Sendable {
    /// Name of the function; `?` if the debug information does not have it.
    public var function: String
    public var place: Place?

    public init(function: String, place: Place? = nil) {
      self.function = function
      self.place = place
    }
  }

  /// Place in the function of the frame.
  public var place: Place?
  /// Inlined calls, innermost first, as in stacks.
  public var inlined: [InlinedCall]

  public init(place: Place? = nil, inlined: [InlinedCall] = []) {
    self.place = place
    self.inlined = inlined
  }
}

extension FrameSource {
  /// Keeps the parts selected by `detail`.
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
  /// Demangled name; `?` if the debug information does not have it.
  var shownName: String { name.isEmpty ? "?" : Demangler.displayName(name).display }
}

extension Symbolizer {
  /// Like ``resolveSpan(pid:address:at:isCaller:)``, and also returns the source location of a
  /// named function, as far as requested and known. The location holds for the same times.
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
