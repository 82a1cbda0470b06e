/// Reads a trace while it is written, block by block, without a file.
///
///     writer.onBlock = { block in try? live.feed(block) }
///     live.replay.on(GCStart.self) { event, header in … }
///
/// - Guarantee: delivers the same events as a ``TraceFile`` of the same blocks, but in time order
///   only within a block, because later blocks do not exist yet.
/// - Cost: memory for one block, the definitions, and a bounded number of stacks.
public final class LiveTrace {
  public let file: TraceFile
  public let replay: Replay

  public init() throws(FormatError) {
    // Without a file header, the first block supplies the file's identifier.
    file = try TraceFile(source: ByteSource(bytes: [], name: "live trace"), isLive: true)
    replay = Replay(file)
  }

  /// Processes a block and calls the replay's handlers with its events.
  ///
  /// - Throws: errors thrown by handlers.
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
