internal import TraceEvents

/// The decoded nodes of an epoch, in order of their numbers. Nodes in damaged blocks are absent;
/// their callees have ``StackID/lost`` as their parent.
final class StackEpoch {
  /// Nodes with consecutive numbers.
  struct Run {
    var firstID: UInt32
    /// Position of the run's first node among all nodes.
    var start: Int
  }

  let first: UInt32
  private(set) var runs: [Run] = []
  private(set) var parents = GrowingBuffer<UInt32>(capacity: 16)
  private(set) var addresses = GrowingBuffer<UInt64>(capacity: 16)
  /// Number of frames from the node to the outermost; chains never exceed the format's limit.
  private var depths = GrowingBuffer<UInt16>(capacity: 16)
  /// Number of the epoch's blocks processed so far.
  var blocksTaken = 0
  /// Memory that the cache has counted for the epoch.
  var bytesAccounted = 0

  init(first: UInt32) { self.first = first }

  var memoryBytes: Int { parents.capacity * 4 + addresses.capacity * 8 + depths.capacity * 2 }

  @inline(__always)
  func position(of id: UInt32) -> Int? {
    // There is one run unless blocks are missing.
    if runs.count == 1 {
      let position = Int(id) - Int(runs[0].firstID)
      return position >= 0 && position < parents.count ? position : nil
    }
    return search(id)
  }

  /// Calls `body` with the node's frame and its callers' until it returns false. `body` must not
  /// add to the epoch.
  @inline(__always)
  func forEachFrame(from id: UInt32, _ body: (StackID, UInt64) -> Bool) {
    // Local copies: a walk of a million stacks then takes a few loads per step and no property
    // access.
    let (parents, addresses, count) = (parents.base, addresses.base, parents.count)
    let firstID = runs.count == 1 ? Int(runs[0].firstID) : nil
    var next = id
    withExtendedLifetime(self) {
      while next != 0 {
        let position = firstID.map { Int(next) - $0 } ?? search(next) ?? -1
        guard position >= 0, position < count else {
          _ = body(.lost, StackNode.lostAddress)
          return
        }
        guard body(StackID(rawValue: next), addresses[position]) else { return }
        next = parents[position]
      }
    }
  }

  private func search(_ id: UInt32) -> Int? {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].firstID <= id { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let position = runs[low - 1].start + Int(id - runs[low - 1].firstID)
    let end = low < runs.count ? runs[low].start : parents.count
    return position < end ? position : nil
  }

  /// Adds the nodes of a block, which follow the existing ones. A node whose parent is unknown or
  /// too deep gets ``StackID/lost`` as its parent.
  func append(_ block: borrowing StackBlock) {
    let base = parents.count
    let continues = runs.last.map { Int($0.firstID) + base - $0.start == Int(block.firstID) }
    if continues != true { runs.append(Run(firstID: block.firstID, start: base)) }
    let run = runs[runs.count - 1]
    let total = base + block.parents.count
    parents.reserve(total)
    addresses.reserve(total)
    depths.reserve(total)
    // Local copies avoid exclusivity checks on properties.
    let (parents, depths) = (parents.base, depths.base)
    for index in 0..<block.parents.count {
      var parent = block.parents[index]
      var depth: UInt16 = 1
      if parent != 0 {
        // Callers precede their callees, usually in the same run.
        let known =
          parent >= run.firstID ? run.start + Int(parent - run.firstID) : position(of: parent)
        if let known, depths[known] < FileLayout.stackFramesMax {
          depth = depths[known] + 1
        } else {
          parent = StackID.lost.rawValue
        }
      }
      parents[base + index] = parent
      depths[base + index] = depth
    }
    addresses.append(UnsafePointer(block.addresses.base), count: block.parents.count)
    self.parents.count = total
    self.depths.count = total
  }
}

/// The content of a block of stacks.
struct StackBlock: ~Copyable {
  private(set) var firstID: UInt32 = 0
  /// Node numbers of the callers; 0 for none.
  private(set) var parents = GrowingBuffer<UInt32>()
  private(set) var addresses = GrowingBuffer<UInt64>()

  /// - Parameter epoch: lowest node number to which a caller may refer.
  init(_ reader: inout ByteReader, epoch: UInt32) throws(ByteCodingError) {
    let first = try reader.readVarint()
    guard let id = UInt32(exactly: first) else { throw reader.broken(.S3, first) }
    firstID = id
    let count = try reader.readCount(limit: FileLayout.nodesPerBlockMax)
    guard epoch >= 1, firstID >= epoch, count >= 1,
      UInt64(firstID) + UInt64(count) <= UInt64(StackID.lost.rawValue)
    else { throw reader.broken(.S1, UInt64(firstID)) }
    parents.reserve(count)
    addresses.reserve(count)
    try reader.readColumn(addresses.base, count: count)
    for index in 0..<count {
      let distance = addresses.base[index]
      let id = firstID + UInt32(index)
      guard distance <= UInt64(id - epoch) else { throw reader.broken(.S4, distance) }
      parents.append(distance == 0 ? 0 : id - UInt32(distance))
    }
    try reader.readColumn(addresses.base, count: count)
    addresses.count = count
    var siblings = SiblingTable(count: count)
    for index in 0..<count {
      addresses.base[index] = siblings.address(
        parent: parents.base[index], difference: addresses.base[index])
    }
  }
}
