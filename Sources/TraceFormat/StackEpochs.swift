/// An epoch: consecutive blocks of stacks whose nodes refer only to each other.
struct StackEpochEntry {
  /// The lowest and the highest node number.
  var first: UInt32
  var last: UInt32
  /// Positions of the blocks in the file's list of blocks, in the order of their node numbers.
  var blocks: [Int]
}

/// The epochs of a file, in ascending order of node numbers, as given by the headers of its blocks
/// of stacks.
struct StackEpochs {
  private(set) var entries: [StackEpochEntry] = []

  /// Adds a block whose epoch begins at node `first`. Returns false if its numbers do not follow
  /// those of the preceding blocks, in which case nothing can refer to it.
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

  /// Adds a block by its header.
  mutating func append(position: Int, _ header: BlockHeader) -> Bool {
    append(position: position, count: header.count, first: header.first, last: header.last)
  }

  /// Whether the header is valid for a block of stacks.
  static func isPossible(_ header: BlockHeader) -> Bool {
    isPossible(count: header.count, first: header.first, last: header.last)
  }

  private static func isPossible(count: Int, first: UInt64, last: UInt64) -> Bool {
    first >= 1 && last < UInt64(StackID.lost.rawValue) && first <= last
      && last - first < UInt64(FileLayout.nodesPerEpochMax) && count >= 1
      && count <= FileLayout.nodesPerBlockMax && UInt64(count) <= last - first + 1
  }

  /// Returns the position of the epoch that contains `id`.
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

  /// Removes all block positions, and the epochs that `isKept` rejects.
  mutating func removeBlocks(keeping isKept: (UInt32) -> Bool) {
    entries.removeAll { !isKept($0.first) }
    for position in entries.indices { entries[position].blocks = [] }
  }
}
