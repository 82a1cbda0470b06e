/// A part of a trace file that could not be read.
public struct Damage: Hashable, Sendable {
  /// Offset and number of the unreadable bytes; zero bytes if whole blocks are missing.
  public var offset: UInt64
  public var byteCount: UInt64
  /// Number of blocks missing there, as far as the surrounding sequence numbers show.
  public var missingBlocks: Int
  /// Short description for users: "damaged events block".
  public var what: String
  /// The rule of SPEC.md that is broken; nil if the file was truncated.
  public var rule: FormatRule?

  public init(
    offset: UInt64, byteCount: UInt64, missingBlocks: Int, what: String, rule: FormatRule? = nil
  ) {
    self.offset = offset
    self.byteCount = byteCount
    self.missingBlocks = missingBlocks
    self.what = what
    self.rule = rule
  }
}
