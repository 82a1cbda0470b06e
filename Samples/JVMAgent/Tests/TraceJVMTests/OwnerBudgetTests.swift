import Testing

@testable import TraceJVM

@Suite struct OwnerBudgetTests {
  @Test func aHundredthOfTheTimeAtMost() {
    var budget = OwnerBudget()
    var spent: UInt64 = 0
    let end: UInt64 = 60_000_000_000
    for time in stride(from: 5, to: end, by: 10_000) where budget.take(at: time) {
      spent += 50_000
      let another = budget.take(at: time + 1)
      #expect(!another, "one at a time")
      budget.spent(from: time, to: time + 50_000)
    }
    #expect(spent > end / 110 && spent <= end / 100 + 50_100_000, "\(spent)")
  }

  @Test func aLongLookUpIsPaidFor() {
    var budget = OwnerBudget()
    var taken = [budget.take(at: 1000)]
    budget.spent(from: 1000, to: 20_001_000)
    // There is credit for some.
    taken.append(budget.take(at: 20_001_001))
    budget.spent(from: 20_001_001, to: 1_020_001_001)
    taken += [budget.take(at: 60_000_000_000), budget.take(at: 100_000_000_000)]
    #expect(taken == [true, true, false, true])
  }

  @Test func aClockThatStandsStillIsFree() {
    var budget = OwnerBudget()
    var taken = [budget.take(at: 7)]
    budget.spent(from: 7, to: 7)
    taken.append(budget.take(at: 7))
    budget.spent(from: 7, to: 3)
    taken.append(budget.take(at: 3))
    budget.spent(from: 0, to: .max)
    taken.append(budget.take(at: 4))
    #expect(taken == [true, true, true, false])
  }
}
