extension TraceWriter {
  /// Limits of a block.
  public struct Options: Sendable {
    /// Maximum number of events per block, at most 65,536.
    public var blockEvents = 65_536
    /// Maximum bytes of records per block, at most 8 MiB.
    public var blockBytes = 4 << 20
    /// Maximum number of frames in the table of stacks, at most 1,048,576. When it is full, it is
    /// cleared, and stacks that recur are written again. A frame takes up to 32 bytes of memory.
    public var stackNodes = StackTable.nodesMax
    /// Identifier that distinguishes the file's blocks from those of other files; random if nil.
    public var fileID: UInt32?

    public init() {}
  }
}
