internal import TraceEvents

/// A frame of a stack, linked to its callers through its parent.
public struct StackNode: Hashable, Sendable {
  /// The caller's node; ``StackID/none`` for the outermost frame, ``StackID/lost`` if the caller
  /// was in a damaged part of the file.
  public var parent: StackID
  public var address: UInt64

  /// Placeholder address for lost callers: callers in a damaged part of the file, or, as the
  /// address of a node without a parent, callers lost during recording. It is never the address of
  /// code.
  public static let lostAddress = UInt64.max

  public init(parent: StackID, address: UInt64) {
    self.parent = parent
    self.address = address
  }
}

/// Nodes with consecutive numbers.
public struct StackNodes {
  /// Number of the first node.
  public var firstID: StackID
  /// Caller of each node, as in ``StackNode/parent``: the lower number of an earlier node.
  public var parents: UnsafeBufferPointer<UInt32>
  public var addresses: UnsafeBufferPointer<UInt64>
}

// The stacks of a file form a tree of frames: SPEC.md, "Stacks".

extension TraceFile {
  /// Returns a stack's addresses, innermost first, at most 8,192. If some or all of the frames were
  /// in a damaged part of the file, ``StackNode/lostAddress`` comes last.
  ///
  /// - Cost: a search and one step per frame; occasionally the decoding of an epoch (up to some
  ///   ms). Memory is bounded. For many stacks ``forEachStackNodes(_:)`` is cheaper.
  public func stack(_ id: StackID) -> [UInt64] {
    var addresses: [UInt64] = []
    forEachFrame(of: id) { _, address in
      addresses.append(address)
      return true
    }
    return addresses
  }

  /// Calls `body` with each frame of a stack, innermost first, and the id of the stack that ends in
  /// that frame, until `body` returns false. If callers are in a damaged part of the file,
  /// ``StackID/lost`` comes last.
  ///
  /// - Cost: as ``stack(_:)``, without the array.
  /// - Trap: `body` must not read further in a trace that is still being written.
  public func forEachFrame(of id: StackID, _ body: (StackID, UInt64) -> Bool) {
    guard id != .none else { return }
    guard let epoch = epoch(holding: id) else {
      _ = body(.lost, StackNode.lostAddress)
      return
    }
    epoch.forEachFrame(from: id.rawValue, body)
  }

  /// Returns a stack's innermost frame; nil for ``StackID/none``, and for a frame in a damaged part
  /// of the file.
  ///
  /// - Guarantee: following parents ends after at most 8,192 steps; node numbers decrease.
  /// - Cost: as ``stack(_:)``, without the array.
  public func stackNode(_ id: StackID) -> StackNode? {
    guard let epoch = epoch(holding: id), let position = epoch.position(of: id.rawValue) else {
      return nil
    }
    return StackNode(
      parent: StackID(rawValue: epoch.parents.base[position]),
      address: epoch.addresses.base[position])
  }

  /// Calls `body` with every node of the file in the order of their numbers, some hundred thousand
  /// at a time. Callers precede their callees. Damaged blocks are omitted.
  ///
  /// - Guarantee: a parent is 0, ``StackID/lost``, or an earlier node; chains have at most 8,192
  ///   nodes.
  /// - Cost: each block of stacks is read and decoded once. The pointers are valid during the call.
  public func forEachStackNodes(_ body: (StackNodes) throws -> Void) rethrows {
    for entry in index.stacks.entries {
      guard let epoch = epoch(entry) else { continue }
      for (number, run) in epoch.runs.enumerated() {
        let end = number + 1 < epoch.runs.count ? epoch.runs[number + 1].start : epoch.parents.count
        try body(
          StackNodes(
            firstID: StackID(rawValue: run.firstID),
            parents: UnsafeBufferPointer(
              start: epoch.parents.base + run.start, count: end - run.start),
            addresses: UnsafeBufferPointer(
              start: epoch.addresses.base + run.start, count: end - run.start)))
      }
    }
  }

  /// Whether the file has any stack so far.
  package var hasStacks: Bool { !index.stacks.entries.isEmpty }

  /// Number of nodes in the file, including damaged ones.
  package var stackNodeCount: Int {
    index.stacks.entries.reduce(0) { $0 + Int($1.last - $1.first) + 1 }
  }

  private func epoch(holding id: StackID) -> StackEpoch? {
    guard id != .none, let position = index.stacks.position(of: id.rawValue) else { return nil }
    return epoch(index.stacks.entries[position])
  }

  /// Returns the epoch with all blocks available so far.
  private func epoch(_ entry: StackEpochEntry) -> StackEpoch? {
    let epoch = stackCache[entry.first] ?? StackEpoch(first: entry.first)
    guard epoch.blocksTaken < entry.blocks.count else { return epoch }
    for position in entry.blocks[epoch.blocksTaken...] {
      loadStacks(index.blocks[position], into: epoch)
    }
    epoch.blocksTaken = entry.blocks.count
    stackCache.insert(epoch)
    return epoch
  }

  private func loadStacks(_ entry: BlockEntry, into epoch: StackEpoch) {
    guard let header = try? readBlock(entry) else { return }
    do throws(FormatError) {
      epoch.append(try stackBlock(header))
    } catch {
      note(error, header, at: entry.offset)
    }
  }

  /// Decodes the most recently read block of stacks and checks it against its header.
  func stackBlock(_ header: BlockHeader) throws(FormatError) -> StackBlock {
    var reader = ByteReader(try unpack(self.reader.payload))
    do throws(ByteCodingError) {
      let block = try StackBlock(&reader, epoch: UInt32(clamping: header.first))
      try reader.expectEnd()
      guard block.parents.count == header.count,
        UInt64(block.firstID) + UInt64(header.count) == header.last &+ 1
      else { throw reader.broken(.S3, UInt64(block.firstID)) }
      return block
    } catch {
      throw .malformed(FormatViolation(error, in: "table"))
    }
  }

  /// Ends a step of a live trace: discards the blocks read, and keeps as many of their stacks as
  /// the cache holds.
  func keepStacksOnly() {
    for entry in index.stacks.entries where !entry.blocks.isEmpty { _ = epoch(entry) }
    source.drop(before: scan.position)
    index.removeAllBlocks { stackCache.keepsWithoutBlocks($0) }
  }
}

/// A cache of decoded epochs. Above ``bytesMax``, epochs are evicted in the order in which they
/// were added.
struct StackCache {
  static let bytesMax = 48 << 20
  private var epochs: [UInt32: StackEpoch] = [:]
  private var order: [UInt32] = []
  private var bytes = 0
  private var latest: StackEpoch?

  subscript(first: UInt32) -> StackEpoch? {
    mutating get {
      if let latest, latest.first == first { return latest }
      guard let found = epochs[first] else { return nil }
      latest = found
      return found
    }
  }

  /// Adds an epoch, or updates the memory counted for it.
  mutating func insert(_ epoch: StackEpoch) {
    if epochs.updateValue(epoch, forKey: epoch.first) == nil { order.append(epoch.first) }
    latest = epoch
    bytes += epoch.memoryBytes - epoch.bytesAccounted
    epoch.bytesAccounted = epoch.memoryBytes
    while bytes > Self.bytesMax, order.count > 1 {
      // The current epoch is kept, regardless of its size.
      let oldest = order[0] == epoch.first ? order.remove(at: 1) : order.removeFirst()
      bytes -= epochs.removeValue(forKey: oldest)?.bytesAccounted ?? 0
    }
  }

  /// Returns whether the epoch is cached, and resets its number of processed blocks.
  mutating func keepsWithoutBlocks(_ first: UInt32) -> Bool {
    epochs[first]?.blocksTaken = 0
    return epochs[first] != nil
  }
}
