internal import TraceEvents

/// The call stacks of one block.
struct StackBlock {
  var firstID: UInt32
  /// One more than there are stacks: where each begins among the frames.
  var starts: [Int]
  var frames: [UInt64]

  init(_ reader: inout ByteReader) throws(ByteCodingError) {
    let first = try reader.readVarint32()
    guard first > 0 else { throw reader.error(.unknownValue(0)) }
    firstID = first
    let count = try reader.readCount(limit: FileLayout.stacksPerBlockMax)
    let lengths = try reader.readColumn(count: count)
    starts = [0]
    for length in lengths {
      guard length <= UInt64(FileLayout.stackFramesMax) else {
        throw reader.error(.tooLong(limit: FileLayout.stackFramesMax))
      }
      starts.append(starts[starts.count - 1] + Int(length))
    }
    let total = starts[starts.count - 1]
    guard total <= FileLayout.framesPerBlockMax else {
      throw reader.error(.tooLong(limit: FileLayout.framesPerBlockMax))
    }
    frames = try reader.readColumn(count: total)
  }

  func addresses(_ id: UInt32) -> ArraySlice<UInt64>? {
    guard id >= firstID, Int(id - firstID) < starts.count - 1 else { return nil }
    let index = Int(id - firstID)
    return frames[starts[index]..<starts[index + 1]]
  }

  var memoryBytes: Int { (starts.count + frames.count) * 8 }
}

/// Blocks of stacks that were used lately; the oldest give way beyond a limit.
struct StackCache {
  static let bytesMax = 48 << 20
  /// By the block's offset in the file. In a live trace these are all that there are.
  private var blocks: [UInt64: StackBlock] = [:]
  private var order: [UInt64] = []
  private var bytes = 0

  subscript(offset: UInt64) -> StackBlock? { blocks[offset] }

  mutating func insert(_ block: StackBlock, at offset: UInt64) {
    guard blocks[offset] == nil else { return }
    while let oldest = order.first, bytes + block.memoryBytes > Self.bytesMax {
      order.removeFirst()
      bytes -= blocks.removeValue(forKey: oldest)?.memoryBytes ?? 0
    }
    blocks[offset] = block
    order.append(offset)
    bytes += block.memoryBytes
  }
}
