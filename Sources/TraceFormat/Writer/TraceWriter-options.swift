extension TraceWriter {
  /// Bounds of a block.
  public struct Options: Sendable {
    /// Events a block, at most 65,536.
    public var blockEvents = 65_536
    /// Bytes of records a block, at most 8 MiB.
    public var blockBytes = 4 << 20
    /// What tells the file's blocks from any other's; drawn at random when nil.
    public var fileID: UInt32?

    public init() {}
  }
}
