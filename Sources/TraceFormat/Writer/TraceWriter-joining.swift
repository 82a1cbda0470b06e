internal import TraceEvents

extension TraceWriter {
  /// Makes this a point at which a reader without earlier blocks of stacks may begin: events from
  /// now on refer only to stacks in later blocks. Writes the events appended so far.
  ///
  /// - Cost: stacks that were already written are written again when they recur.
  package mutating func beginStacksAnew() {
    writePending()
    stacks.forget()
  }

  /// Repeats the first definitions, which ``init(path:session:options:)`` wrote before ``onBlock``
  /// could be set.
  package mutating func repeatBeginning() {
    content.count = 0
    allMetadata.bytes.withUnsafeBytes { content.append($0) }
    writePacked(BlockKind.metadata, count: allRecords, first: 0, last: 0)
    guard let first = allSyncs.first, let last = allSyncs.last else { return }
    content.count = 0
    allSyncs.write(to: &content, with: &encoder)
    writePacked(
      BlockKind.clock, count: allSyncs.count, first: first.ticks, last: last.ticks)
  }
}

extension TraceFile {
  /// Returns blocks with this trace's definitions, for a reader that has none of them.
  ///
  /// - Parameter session: the trace's session, which a live trace may not contain.
  package func definitionBlocks(
    of session: SessionDescription, fileID: UInt32
  ) throws(FormatError) -> [LiveBlock] {
    var options = TraceWriter.Options()
    options.fileID = fileID
    var writer = try TraceWriter(path: "/dev/null", session: session, options: options)
    final class Collected { var blocks: [LiveBlock] = [] }
    let collected = Collected()
    writer.onBlock = { block in if let block = LiveBlock(block) { collected.blocks.append(block) } }
    writer.repeatBeginning()
    for type in eventTypes { try writer.define(ref: type.ref, schema: type.schema) }
    for provider in definitions.providers { writer.define(provider: provider) }
    for process in processes { writer.define(process: process) }
    for sync in syncs { writer.clockSync(sync) }
    for loss in ledger.records { writer.loss(loss) }
    try writer.flush()
    return collected.blocks
  }
}
