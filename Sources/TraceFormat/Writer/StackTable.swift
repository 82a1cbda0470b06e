import Glibc

/// Gives equal call stacks one number, and keeps those that no block holds yet.
///
/// Memory is bounded: when full, the table forgets and begins again; a stack that comes again then
/// gets a second number. Numbers are never used twice in a file.
struct StackTable: ~Copyable {
  static let stacksMax = 32_768
  static let framesMax = 1 << 20
  private static let slotCount = 65_536

  private var slots = GrowingBuffer<UInt32>(capacity: slotCount)
  private var hashes = GrowingBuffer<UInt64>(capacity: 64)
  /// Where each stack begins among the frames; one more than there are stacks.
  private var starts = GrowingBuffer<UInt32>(capacity: 64)
  private var frames = GrowingBuffer<UInt64>(capacity: 1024)
  private var count = 0
  /// The number of the table's first stack.
  private var firstID: UInt64 = 1
  /// Stacks that have been written to the file already.
  private var writtenCount = 0
  private let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed | 1
    slots.base.update(repeating: 0, count: Self.slotCount)
    starts.append(0)
  }

  var hasPending: Bool { count > writtenCount }

  /// Whether a stack with so many frames might not fit.
  func isFull(adding frameCount: Int) -> Bool {
    count == Self.stacksMax || frames.count + frameCount > Self.framesMax
  }

  /// The stack's number; 0 for an empty one, and when all 2³² - 1 numbers are used up.
  mutating func intern(_ addresses: UnsafePointer<UInt64>, _ frameCount: Int) -> UInt32 {
    guard frameCount > 0 else { return 0 }
    var hash = seed ^ UInt64(frameCount)
    for index in 0..<frameCount {
      let product = (hash ^ addresses[index] ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: seed)
      hash = product.high ^ product.low
    }
    var slot = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
    while slots.base[slot] != 0 {
      let index = Int(slots.base[slot]) - 1
      let start = Int(starts.base[index])
      if hashes.base[index] == hash, Int(starts.base[index + 1]) - start == frameCount,
        memcmp(frames.base + start, addresses, frameCount * 8) == 0
      {
        return UInt32(firstID + UInt64(index))
      }
      slot = (slot &+ 1) & (Self.slotCount - 1)
    }
    let id = firstID + UInt64(count)
    guard id <= UInt64(UInt32.max) else { return 0 }
    slots.base[slot] = UInt32(count + 1)
    hashes.append(hash)
    frames.append(addresses, count: frameCount)
    starts.append(UInt32(frames.count))
    count += 1
    return UInt32(id)
  }

  /// Writes the stacks that no block holds yet; gives the first and last number.
  mutating func encodePending(
    into target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder
  ) -> (first: UInt64, last: UInt64) {
    let pending = count - writtenCount
    var lengths = GrowingBuffer<UInt64>(capacity: pending)
    for index in writtenCount..<count {
      lengths.append(UInt64(starts[index + 1] - starts[index]))
    }
    let start = Int(starts[writtenCount])
    target.append(varint: firstID + UInt64(writtenCount))
    target.append(varint: UInt64(pending))
    encoder.encode(lengths.base, count: pending, into: &target)
    encoder.encode(
      frames.base + start, count: frames.count - start, hint: .repeatingSequences, into: &target)
    defer { writtenCount = count }
    return (firstID + UInt64(writtenCount), firstID + UInt64(count) - 1)
  }

  /// Begins an empty table. Only when nothing is pending.
  mutating func forget() {
    precondition(!hasPending)
    slots.base.update(repeating: 0, count: Self.slotCount)
    hashes.count = 0
    starts.count = 1
    frames.count = 0
    firstID += UInt64(count)
    count = 0
    writtenCount = 0
  }
}
