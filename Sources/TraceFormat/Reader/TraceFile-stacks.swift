internal import TraceEvents

/// A frame of a stack, and through its parent its callers.
public struct StackNode: Hashable, Sendable {
  /// The caller's node: ``StackID/none`` when this is the outermost frame, ``StackID/lost`` when
  /// the caller was in a part of the file that is damaged.
  public var parent: StackID
  public var address: UInt64

  /// Stands for the callers that were lost: in a damaged part of the file, or, as a node of its own
  /// that has no parent, while the stack was recorded. No code lies there.
  public static let lostAddress = UInt64.max

  public init(parent: StackID, address: UInt64) {
    self.parent = parent
    self.address = address
  }
}

/// Nodes whose numbers follow each other.
public struct StackNodes {
  /// The number of the first.
  public var firstID: StackID
  /// Each node's caller, as ``StackNode/parent`` has it: a lower number, of an earlier node.
  public var parents: UnsafeBufferPointer<UInt32>
  public var addresses: UnsafeBufferPointer<UInt64>
}

// Stacks are a tree of frames: SPEC.md, "Stacks".

extension TraceFile {
  /// A stack's addresses, innermost first, at most 8,192. Where callers, or all of the stack, were
  /// in a part of the file that is damaged, ``StackNode/lostAddress`` comes last.
  ///
  /// - Cost: a search and a step a frame; now and then an epoch's decoding (up to some ms). Memory
  ///   is bounded. To look at many stacks ``forEachStackNodes(_:)`` is cheaper.
  public func stack(_ id: StackID) -> [UInt64] {
    var addresses: [UInt64] = []
    forEachFrame(of: id) { _, address in
      addresses.append(address)
      return true
    }
    return addresses
  }

  /// Calls `body` with a stack's frames, innermost first, each with the number of the stack that
  /// ends in it, until it says false. Where callers are in a damaged part of the file,
  /// ``StackID/lost`` comes last.
  ///
  /// - Cost: as ``stack(_:)``, without the array.
  /// - Trap: `body` must not read on in a trace that is still being written.
  public func forEachFrame(of id: StackID, _ body: (StackID, UInt64) -> Bool) {
    guard id != .none else { return }
    guard let epoch = epoch(holding: id) else {
      _ = body(.lost, StackNode.lostAddress)
      return
    }
    epoch.forEachFrame(from: id.rawValue, body)
  }

  /// A stack's innermost frame; nil for ``StackID/none``, and when it was in a part of the file
  /// that is damaged.
  ///
  /// - Guarantee: going from parent to parent ends after at most 8,192 steps; numbers descend.
  /// - Cost: as ``stack(_:)``, without the array.
  public func stackNode(_ id: StackID) -> StackNode? {
    guard let epoch = epoch(holding: id), let position = epoch.position(of: id.rawValue) else {
      return nil
    }
    return StackNode(
      parent: StackID(rawValue: epoch.parents.base[position]),
      address: epoch.addresses.base[position])
  }

  /// Hands out every node of the file, in the order of their numbers, some hundred thousand at a
  /// time: callers come before what they call. What is damaged is left out.
  ///
  /// - Guarantee: a parent is 0, ``StackID/lost``, or was handed out before; chains have at most
  ///   8,192 nodes.
  /// - Cost: each block of stacks is read and decoded once. The pointers live as long as the call.
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

  private func epoch(holding id: StackID) -> StackEpoch? {
    guard id != .none, let position = index.stacks.position(of: id.rawValue) else { return nil }
    return epoch(index.stacks.entries[position])
  }

  /// The epoch with all blocks that have come by now.
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

  /// Decodes the block that was read last, and checks that it is what its header says.
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

  /// Ends a step of a live trace: the blocks that were read are forgotten, their stacks kept, as
  /// many as the cache holds.
  func keepStacksOnly() {
    for entry in index.stacks.entries where !entry.blocks.isEmpty { _ = epoch(entry) }
    source.drop(before: scan.position)
    index.removeAllBlocks { stackCache.keepsWithoutBlocks($0) }
  }
}

/// Epochs of stacks that were used lately; the oldest give way beyond a limit.
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

  /// Adds an epoch, or takes note that it has grown.
  mutating func insert(_ epoch: StackEpoch) {
    if epochs.updateValue(epoch, forKey: epoch.first) == nil { order.append(epoch.first) }
    latest = epoch
    bytes += epoch.memoryBytes - epoch.bytesAccounted
    epoch.bytesAccounted = epoch.memoryBytes
    while bytes > Self.bytesMax, order.count > 1 {
      // The one at hand stays, however large.
      let oldest = order[0] == epoch.first ? order.remove(at: 1) : order.removeFirst()
      bytes -= epochs.removeValue(forKey: oldest)?.bytesAccounted ?? 0
    }
  }

  /// Whether the epoch is here; its blocks are forgotten.
  mutating func keepsWithoutBlocks(_ first: UInt32) -> Bool {
    epochs[first]?.blocksTaken = 0
    return epochs[first] != nil
  }
}
