/// A part of a trace file that could not be read.
public struct Damage: Hashable, Sendable {
  /// Where the unreadable bytes begin, and how many they are; none when whole blocks are missing.
  public var offset: UInt64
  public var byteCount: UInt64
  /// Blocks that are missing there, as far as the numbering of the blocks around it tells.
  public var missingBlocks: Int
  /// A few words for people: "damaged events block".
  public var what: String
  /// The rule of SPEC.md that is broken; nil where the file was cut.
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
