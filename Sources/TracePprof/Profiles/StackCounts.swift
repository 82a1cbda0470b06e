/// The number of stops at each stack of each thread, bounded.
struct StackCounts {
  struct Key: Hashable {
    var tid: UInt32
    var stack: [UInt64]
  }

  /// Maximum number of different stacks, and of addresses in them: 16 MB.
  static let stacksMax = 100_000
  static let addressesMax = 2 << 20

  private(set) var counts: [Key: UInt64] = [:]
  private(set) var total: UInt64 = 0
  /// Stops of stacks for which there was no room.
  private(set) var left: UInt64 = 0
  private var addresses = 0

  mutating func add(_ stack: [UInt64], tid: UInt32, count: UInt64) {
    let key = Key(tid: tid, stack: stack)
    if let known = counts[key] {
      counts[key] = known &+ count
    } else if counts.count < Self.stacksMax, addresses + stack.count <= Self.addressesMax {
      counts[key] = count
      addresses += stack.count
    } else {
      left &+= count
      return
    }
    total &+= count
  }
}
