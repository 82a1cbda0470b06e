import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceKernel
@testable import TraceSession

/// A chain that occurred before gets the stack that its check would give.
@Suite(.randomized) struct WalkedStacksTests {
  static let own = UInt32(getpid())
  static let user = UInt64(bitPattern: -512)

  static func image(_ range: Range<UInt64>) -> ImageMap {
    ImageMap(
      baseAddress: range.lowerBound, size: UInt64(range.count), fileOffset: 0, path: "/x",
      buildID: [], device: 0, inode: 0)
  }

  static func stack(_ stacks: SampleStacks, _ chain: [UInt64], pid: UInt32 = own) -> [UInt64] {
    var stack: [UInt64] = [7]
    chain.withUnsafeBytes {
      stacks.append(
        followed: PerfSample(instructionPointer: chain.last ?? 0, callchain: $0), pid: pid,
        to: &stack)
    }
    return stack
  }

  /// Addresses in this program's code, and others.
  static func addresses(_ generator: inout SeededGenerator) -> [UInt64] {
    var found: [UInt64] = [0, 1, 0x7000, .max >> 17]
    ProcessMaps.read(pid: own) { map in
      guard map.isExecutable, found.count < 60 else { return }
      for _ in 0..<4 { found.append(UInt64.random(in: map.start..<map.end, using: &generator)) }
    }
    return found
  }

  @Test func aKnownChainHasTheSameStack() {
    var generator = SeededGenerator(11)
    let places = Self.addresses(&generator)
    let chains = (0..<200).map { _ in
      [Self.user]
        + (0..<Int.random(in: 0...70, using: &generator)).map { _ in
          places.randomElement(using: &generator)!
        }
    }
    let (keeping, checking) = (SampleStacks(.framePointers), SampleStacks(.framePointers))
    for _ in 0..<3000 {
      let chain = chains.randomElement(using: &generator)!
      // A change of another process: nothing is known any more.
      checking.forget(1)
      #expect(Self.stack(keeping, chain) == Self.stack(checking, chain))
    }
    #expect(keeping.figures == checking.figures)
    #expect(keeping.figures.walked > 2000)
  }

  /// What a process maps, and another program in it, count at once.
  @Test func aChangeOfTheMappingsCounts() {
    let stacks = SampleStacks(.framePointers)
    let (pid, other): (UInt32, UInt32) = (4_100_000, 4_100_001)
    let chain = [Self.user, 0x1100, 0x2200]
    let cut: ArraySlice<UInt64> = [7, 0x1100, StackNode.lostAddress]
    stacks.exec(pid)
    for _ in 0..<2 { #expect(Self.stack(stacks, chain, pid: pid).prefix(3) == cut) }
    stacks.map(Self.image(0x2000..<0x3000), pid: pid)
    for _ in 0..<2 {
      #expect(Self.stack(stacks, chain, pid: pid).prefix(3) == [7, 0x1100, 0x2200])
    }
    stacks.fork(other, from: pid)
    for _ in 0..<2 {
      #expect(Self.stack(stacks, chain, pid: other).prefix(3) == [7, 0x1100, 0x2200])
    }
    stacks.exec(pid)
    for _ in 0..<2 { #expect(Self.stack(stacks, chain, pid: pid).prefix(3) == cut) }
    for _ in 0..<2 {
      #expect(Self.stack(stacks, chain, pid: other).prefix(3) == [7, 0x1100, 0x2200])
    }
  }
}
