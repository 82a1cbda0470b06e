/// A place in a source file.
public struct SourceLine: Hashable, Sendable {
  /// The path as the compiler had it.
  public var file: String
  /// From 1.
  public var line: UInt32

  public init(file: String, line: UInt32) {
    self.file = file
    self.line = line
  }

  /// `work.c:12`: without the directories.
  public var shortName: String {
    guard let slash = file.lastIndex(of: "/"), file.last != "/" else { return "\(file):\(line)" }
    return "\(file[file.index(after: slash)...]):\(line)"
  }
}

/// A function whose code a compiler put in place of a call of it.
public struct InlinedFunction: Hashable, Sendable {
  /// The linker's name where there is one, else as in the source; not demangled. Empty where the
  /// debug information does not say.
  public var name: String
  /// Where the instruction, or the call of the next inlined function, stands in it.
  public var line: SourceLine?

  public init(name: String, line: SourceLine? = nil) {
    self.name = name
    self.line = line
  }
}

/// Where an instruction comes from in the source.
public struct SourceFrames: Hashable, Sendable {
  /// In the function that symbols show for the instruction; where calls are inlined, the line of
  /// the outermost of these.
  public var line: SourceLine?
  /// The calls that are inlined at the instruction, the outermost first.
  public var inlined: [InlinedFunction]

  public init(line: SourceLine? = nil, inlined: [InlinedFunction] = []) {
    self.line = line
    self.inlined = inlined
  }

  /// The instruction's own line, whatever function that is in.
  public var innermost: SourceLine? { inlined.isEmpty ? line : inlined[inlined.count - 1].line }

  var isEmpty: Bool { line == nil && inlined.isEmpty }
}
