extension TraceWriter {
  /// Limits of a block.
  public struct Options: Sendable {
    /// Maximum number of events per block, at most 65,536.
    public var blockEvents = 65_536
    /// Maximum bytes of records per block, at most 8 MiB.
    public var blockBytes = 4 << 20
    /// Identifier that distinguishes the file's blocks from those of other files; random if nil.
    public var fileID: UInt32?

    public init() {}
  }
}
