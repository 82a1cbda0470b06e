import TestSupport
import Testing

@testable import TraceKernel

/// The small tables in front of what each record looks up agree with it.
@Suite(.randomized) struct LookupCacheTests {
  typealias Standing = ProcessStandings.Standing

  /// Pids that share slots, and the one of a dead thread.
  static let pids: [UInt32] = [1, 2, 257, 258, 513, 4_000_000, .max, 255]

  @Test func aStandingIsTheTables() {
    var generator = SeededGenerator(1)
    var cache = ProcessStandings()
    var table: [UInt32: Standing] = [:]
    for step in 0..<20_000 {
      let pid = Self.pids.randomElement(using: &generator)!
      switch Int.random(in: 0..<10, using: &generator) {
      case 0:
        table[pid] = Standing(index: UInt32(step), isAdmitted: step.isMultiple(of: 3))
        cache.forget(pid)
      case 1:
        table[pid] = nil
        cache.forget(pid)
      default:
        let found = cache.find(pid) { table[pid] }
        #expect(found?.index == table[pid]?.index)
        #expect(found?.isAdmitted == table[pid]?.isAdmitted)
      }
    }
  }

  @Test func knownThreadsAreASet() {
    var generator = SeededGenerator(2)
    var known = KnownThreads()
    var set: Set<UInt32> = []
    for _ in 0..<20_000 {
      let tid = Self.pids.randomElement(using: &generator)!
      if Int.random(in: 0..<3, using: &generator) == 0 {
        known.remove(tid)
        set.remove(tid)
      } else {
        known.insert(tid)
        set.insert(tid)
      }
      for tid in Self.pids { #expect(known.contains(tid) == set.contains(tid)) }
    }
  }

  @Test func eventsAreFoundByTheirNumbers() {
    var generator = SeededGenerator(3)
    #expect(SwitchKinds([:])[0] == nil)
    for count in [1, 2, 3, 8, 200] {
      for range in [0...UInt64(2 * count), 0...UInt64.max] {
        var kinds: [UInt64: SwitchEvents.Kind] = [:]
        while kinds.count < count {
          kinds[UInt64.random(in: range, using: &generator)] =
            Bool.random(using: &generator) ? .wakeUp : .switchOut
        }
        let table = SwitchKinds(kinds)
        for (number, kind) in kinds { #expect(table[number] == kind) }
        for _ in 0..<1000 {
          let number = UInt64.random(in: range, using: &generator)
          #expect(table[number] == kinds[number])
        }
      }
    }
  }
}
