/// The known damage of an open file; each block is listed once.
///
/// Memory is bounded: beyond ``countMax`` entries, the last one stands for all further damage.
struct DamageLog {
  static let countMax = 65_536

  private(set) var entries: [Damage] = []
  /// Number of unreadable events in each damaged block of the index of blocks; nil for all.
  private var eventsLost: [UInt64: UInt64?] = [:]

  func contains(blockAt offset: UInt64) -> Bool { eventsLost[offset] != nil }

  /// Adds damage outside the indexed blocks: between blocks, or in the file's header.
  mutating func add(_ damage: Damage) {
    guard entries.count >= Self.countMax else {
      entries.append(damage)
      return
    }
    let last = entries.count - 1
    entries[last].byteCount &+= damage.byteCount
    entries[last].missingBlocks += damage.missingBlocks
    entries[last].what = "and more damaged places"
  }

  /// Adds a block, once. `eventCount` is the number of its events that cannot be read; nil for all.
  mutating func add(_ damage: Damage, blockAt offset: UInt64, eventCount: UInt64? = nil) {
    guard !contains(blockAt: offset) else {
      // The known loss in the block increases.
      if let known = eventsLost[offset], let known, let eventCount {
        eventsLost[offset] = .some(known + eventCount)
      } else {
        eventsLost[offset] = .some(nil)
      }
      return
    }
    eventsLost[offset] = .some(eventCount)
    add(damage)
  }

  /// Adds the blocks from another log of the same file that this log lacks.
  mutating func take(_ other: DamageLog) {
    for damage in other.entries {
      guard let lost = other.eventsLost[damage.offset], !contains(blockAt: damage.offset) else {
        continue
      }
      add(damage, blockAt: damage.offset, eventCount: lost)
    }
  }

  /// Returns how many of `blocks` are not known to be damaged, and how many events can be read.
  func readable(_ blocks: [BlockEntry]) -> (blocks: Int, events: UInt64) {
    var result = (blocks: 0, events: UInt64(0))
    for block in blocks {
      let count = block.kind == BlockKind.events ? UInt64(block.count) : 0
      if let lost = eventsLost[block.offset] {
        result.events += count - min(lost ?? count, count)
      } else {
        result.blocks += 1
        result.events += count
      }
    }
    return result
  }
}
