/// Reads a trace while it is written, block by block, without a file.
///
///     writer.onBlock = { block in try? live.feed(block) }
///     live.replay.on(GCStart.self) { event, header in … }
///
/// - Guarantee: what is handed out is what a ``TraceFile`` of the same blocks would, but in time
///   order only within a block: events cannot wait for those that are still to come.
/// - Cost: memory for one block, the definitions, and a bounded number of stacks.
public final class LiveTrace {
  public let file: TraceFile
  public let replay: Replay

  public init() throws(FormatError) {
    // A live trace has no file header: the first block says which blocks belong together.
    file = try TraceFile(source: ByteSource(bytes: [], name: "live trace"), isLive: true)
    replay = Replay(file)
  }

  /// Takes in a block and calls the replay's handlers with its events.
  ///
  /// - Throws: what a handler throws.
  public func feed(_ block: UnsafeRawBufferPointer) throws {
    file.source.append(block)
    _ = try file.refresh()
    defer {
      file.keepStacksOnly()
      replay.consumedBlocks = file.blockCount
    }
    try replay.run()
  }
}
