/// Blocks of stacks whose frames call each other: a file's stacks are a row of such epochs.
struct StackEpochEntry {
  /// The lowest and highest number of a node.
  var first: UInt32
  var last: UInt32
  /// Positions of the blocks among the file's, in the order of their numbers.
  var blocks: [Int]
}

/// The epochs of a file, by what the headers of its blocks of stacks say. Their numbers ascend.
struct StackEpochs {
  private(set) var entries: [StackEpochEntry] = []

  /// Adds a block whose nodes reach back to `first`; false when its numbers do not fit those of the
  /// blocks before: then nothing can refer to it.
  @discardableResult
  mutating func append(position: Int, count: Int, first: UInt64, last: UInt64) -> Bool {
    guard Self.isPossible(count: count, first: first, last: last) else { return false }
    let own = last - UInt64(count) + 1
    let end = entries.last.map { UInt64($0.last) } ?? 0
    guard own > end else { return false }
    if let open = entries.last, UInt64(open.first) == first {
      entries[entries.count - 1].blocks.append(position)
      entries[entries.count - 1].last = UInt32(last)
      return true
    }
    guard first > end else { return false }
    entries.append(
      StackEpochEntry(first: UInt32(first), last: UInt32(last), blocks: [position]))
    return true
  }

  /// The same, by the block's header.
  mutating func append(position: Int, _ header: BlockHeader) -> Bool {
    append(position: position, count: header.count, first: header.first, last: header.last)
  }

  /// Whether any block of stacks may have such a header.
  static func isPossible(_ header: BlockHeader) -> Bool {
    isPossible(count: header.count, first: header.first, last: header.last)
  }

  private static func isPossible(count: Int, first: UInt64, last: UInt64) -> Bool {
    first >= 1 && last < UInt64(StackID.lost.rawValue) && first <= last
      && last - first < UInt64(FileLayout.nodesPerEpochMax) && count >= 1
      && count <= FileLayout.nodesPerBlockMax && UInt64(count) <= last - first + 1
  }

  /// The position of the epoch that has `id`.
  func position(of id: UInt32) -> Int? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].first <= id { low = middle + 1 } else { high = middle }
    }
    guard low > 0, id <= entries[low - 1].last else { return nil }
    return low - 1
  }

  /// Forgets blocks, which are gone, and the epochs that `isKept` does not want.
  mutating func removeBlocks(keeping isKept: (UInt32) -> Bool) {
    entries.removeAll { !isKept($0.first) }
    for position in entries.indices { entries[position].blocks = [] }
  }
}
