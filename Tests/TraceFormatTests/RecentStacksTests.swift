import TestSupport
import Testing

@testable import TraceFormat

/// Repeated stacks get the same number.
@Suite(.randomized) struct RecentStacksTests {
  private func intern(_ stack: [UInt64], _ table: inout StackTable) -> UInt32 {
    stack.withUnsafeBufferPointer { table.intern($0.baseAddress!, $0.count) }
  }

  @Test func stacksThatComeAgainHaveTheirNumbers() {
    var random = SeededGenerator(11)
    var table = StackTable(seed: 99)
    var known: [[UInt64]: UInt32] = [:]
    for round in 0..<60_000 {
      // Short stacks of few addresses: some are prefixes of others, or have the same frames in
      // another order.
      let stack = (0..<Int.random(in: 1...7, using: &random)).map { _ in
        UInt64.random(in: 1...6, using: &random)
      }
      if round == 30_000 {
        var bytes = GrowingBuffer<UInt8>()
        var encoder = ColumnEncoder()
        _ = table.encodePending(into: &bytes, with: &encoder)
        table.forget()
        known = [:]
      }
      let number = intern(stack, &table)
      #expect(number >= table.epoch)
      if let before = known[stack] { #expect(number == before) }
      known[stack] = number
    }
    #expect(Set(known.values).count == known.count)
  }

  @Test func aTableThatGrowsKeepsWhatItHas() {
    var recent = RecentStacks(seed: 5)
    var keys: [RecentStacks.Key] = []
    for number in 1...20_000 as ClosedRange<UInt64> {
      let key = [number, number &* 77].withUnsafeBufferPointer {
        recent.key($0.baseAddress!, 2)
      }
      recent.keep(UInt32(number), key)
      keys.append(key)
      let kept = recent.node(key)
      #expect(kept == UInt32(number))
    }
    // Some were replaced by later ones; none is confused with another.
    var found = 0
    for (index, key) in keys.enumerated() {
      let node = recent.node(key)
      if node == 0 { continue }
      found += 1
      #expect(node == UInt32(index + 1))
    }
    #expect(found > 10_000)
    recent.forget()
    for key in keys {
      let node = recent.node(key)
      #expect(node == 0)
    }
  }

  @Test func fourStacksOfOneBucketAreKept() {
    var recent = RecentStacks(seed: 5)
    var stacks = 0
    // Numbers of the stacks whose hashes have the low bits 0, which select the bucket.
    var keys: [RecentStacks.Key] = []
    while keys.count < 5 {
      stacks += 1
      let key = [UInt64(stacks)].withUnsafeBufferPointer { recent.key($0.baseAddress!, 1) }
      if key.hash & 0xffff == 0 { keys.append(key) }
    }
    for (index, key) in keys.prefix(4).enumerated() { recent.keep(UInt32(index + 1), key) }
    #expect(keys.prefix(4).map { recent.node($0) } == [1, 2, 3, 4])
    recent.keep(5, keys[4])
    #expect(recent.node(keys[4]) == 5)
    #expect(keys.prefix(4).filter { recent.node($0) == 0 }.count == 1)
  }

  @Test func orderAndLengthCount() {
    let recent = RecentStacks(seed: 5)
    let stacks: [[UInt64]] = [
      [1], [1, 0], [0, 1], [1, 2], [2, 1], [1, 2, 3], [2, 1, 3], [3, 1, 2],
    ]
    var hashes: Set<UInt64> = []
    for stack in stacks {
      hashes.insert(
        stack.withUnsafeBufferPointer { recent.key($0.baseAddress!, $0.count).hash })
    }
    #expect(hashes.count == stacks.count)
  }
}
