/// A location in a source file.
public struct SourceLine: Hashable, Sendable {
  /// The path that the compiler recorded.
  public var file: String
  /// The line number, starting at 1.
  public var line: UInt32

  public init(file: String, line: UInt32) {
    self.file = file
    self.line = line
  }

  /// The short form without directories: `work.c:12`.
  public var shortName: String {
    guard let slash = file.lastIndex(of: "/"), file.last != "/" else { return "\(file):\(line)" }
    return "\(file[file.index(after: slash)...]):\(line)"
  }
}

/// A function that a compiler inlined.
public struct InlinedFunction: Hashable, Sendable {
  /// The linkage name, else the source name; not demangled. Empty if the debug information has
  /// none.
  public var name: String
  /// The location in this function of the instruction, or of the call of the next inlined function.
  public var line: SourceLine?

  public init(name: String, line: SourceLine? = nil) {
    self.name = name
    self.line = line
  }
}

/// The source location of an instruction.
public struct SourceFrames: Hashable, Sendable {
  /// The location in the function that symbols show for the instruction; with inlined calls, the
  /// line of the outermost call.
  public var line: SourceLine?
  /// The inlined calls at the instruction, outermost first.
  public var inlined: [InlinedFunction]
  /// Whether the symbol's own function was inlined into the caller's, which is then a frame of its
  /// own: in traces of profiles.
  public var isInlined: Bool
  /// The function's name in the program, if a profile states it, else empty; nil for code of which
  /// the symbol itself has that name.
  public var systemName: String?

  public init(
    line: SourceLine? = nil, inlined: [InlinedFunction] = [], isInlined: Bool = false,
    systemName: String? = nil
  ) {
    self.systemName = systemName
    self.line = line
    self.inlined = inlined
    self.isInlined = isInlined
  }

  /// The instruction's line, in whichever function.
  public var innermost: SourceLine? { inlined.isEmpty ? line : inlined[inlined.count - 1].line }

  var isEmpty: Bool { line == nil && inlined.isEmpty }
}
