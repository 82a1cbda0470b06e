/// What is known to be wrong with an open file, each block once.
///
/// Memory is bounded: beyond ``countMax`` places the last entry stands for all that follow.
struct DamageLog {
  static let countMax = 65_536

  private(set) var entries: [Damage] = []
  /// For each damaged block that the index of blocks has, how many of its events cannot be read;
  /// nil for all.
  private var eventsLost: [UInt64: UInt64?] = [:]

  func contains(blockAt offset: UInt64) -> Bool { eventsLost[offset] != nil }

  /// Adds a place that is not a block of the index: between blocks, or the file's header.
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

  /// Adds a block, once. `eventCount` of its events cannot be read; all when it is nil.
  mutating func add(_ damage: Damage, blockAt offset: UInt64, eventCount: UInt64? = nil) {
    guard !contains(blockAt: offset) else {
      // What is known to be lost of it grows.
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

  /// Adds the blocks that another log of the same file has and this one has not.
  mutating func take(_ other: DamageLog) {
    for damage in other.entries {
      guard let lost = other.eventsLost[damage.offset], !contains(blockAt: damage.offset) else {
        continue
      }
      add(damage, blockAt: damage.offset, eventCount: lost)
    }
  }

  /// Of `blocks`, those that are whole as far as is known, and the events that can be read.
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
