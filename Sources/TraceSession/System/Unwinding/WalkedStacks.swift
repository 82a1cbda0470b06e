import Glibc
import TraceKernel

/// The stacks of call chains that occurred a short time ago: a thread that waits at the same place
/// again has the same chain, whose check need not be repeated.
///
/// Direct-mapped by the chain's hash; a chain equals another only if all its bytes do.
///
/// - Guarantee: an entry holds as long as no process's mappings change; see ``changed()``.
/// - Cost: less than 1 MB, of which only used slots take memory. Chains of more than
///   ``wordsMax`` words are not kept.
struct WalkedStacks: ~Copyable {
  /// What a chain's check found, besides its stack.
  typealias Figures = SampleStacks.Figures

  private struct Slot {
    var hash: UInt64 = 0
    /// The time of the entry, in changes; 0 for none.
    var change: UInt64 = 0
    var address: UInt64 = 0
    var pid: UInt32 = 0
    var chainWords: Int32 = 0
    var stackWords: Int32 = 0
    var found = Figures()
  }

  static let wordsMax = 64
  private static let slotCount = 512
  /// A chain, and its stack, which may be one word longer.
  private static let slotWords = 2 * wordsMax + 2

  private let slots: UnsafeMutablePointer<Slot>
  private let words: UnsafeMutablePointer<UInt64>
  private var change: UInt64 = 1

  init() {
    slots = .allocate(capacity: Self.slotCount)
    slots.initialize(repeating: Slot(), count: Self.slotCount)
    words = .allocate(capacity: Self.slotCount * Self.slotWords)
  }

  deinit {
    slots.deallocate()
    words.deallocate()
  }

  /// Called when the mappings of any process have changed: the entries hold no longer.
  mutating func changed() { change &+= 1 }

  /// Appends the sample's stack, if its chain is known, and returns what its check found.
  func find(_ sample: PerfSample, pid: UInt32, appendTo stack: inout [UInt64]) -> Figures? {
    let chain = sample.callchain
    guard chain.count <= 8 * Self.wordsMax else { return nil }
    let hash = Self.hash(sample, pid)
    let place = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
    let (slot, kept) = (slots + place, words + place * Self.slotWords)
    guard slot.pointee.hash == hash, slot.pointee.change == change, slot.pointee.pid == pid,
      slot.pointee.address == sample.instructionPointer,
      Int(slot.pointee.chainWords) * 8 == chain.count,
      Self.areEqual(chain, kept)
    else { return nil }
    stack.append(
      contentsOf: UnsafeBufferPointer(
        start: kept + Self.wordsMax, count: Int(slot.pointee.stackWords)))
    return slot.pointee.found
  }

  private static func areEqual(
    _ chain: UnsafeRawBufferPointer, _ kept: UnsafePointer<UInt64>
  ) -> Bool {
    guard let start = chain.baseAddress else { return true }
    return memcmp(start, kept, chain.count) == 0
  }

  /// Keeps a chain's stack, and what its check found.
  func keep(_ sample: PerfSample, pid: UInt32, _ stack: ArraySlice<UInt64>, _ found: Figures) {
    let chain = sample.callchain
    guard chain.count <= 8 * Self.wordsMax, chain.count % 8 == 0,
      stack.count <= Self.slotWords - Self.wordsMax
    else { return }
    let hash = Self.hash(sample, pid)
    let place = Int(truncatingIfNeeded: hash) & (Self.slotCount - 1)
    slots[place] = Slot(
      hash: hash, change: change, address: sample.instructionPointer, pid: pid,
      chainWords: Int32(chain.count / 8), stackWords: Int32(stack.count), found: found)
    let kept = words + place * Self.slotWords
    UnsafeMutableRawBufferPointer(start: kept, count: chain.count).copyMemory(from: chain)
    for (index, word) in stack.enumerated() { kept[Self.wordsMax + index] = word }
  }

  private static func hash(_ sample: PerfSample, _ pid: UInt32) -> UInt64 {
    var hash = sample.instructionPointer ^ UInt64(pid) &* 0x9e37_79b9_7f4a_7c15
    for offset in stride(from: 0, to: sample.callchain.count & ~7, by: 8) {
      hash ^= sample.callchain.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      hash = hash &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash &>> 29
    }
    return hash
  }
}
