import Testing

@testable import TraceJVM

@Suite struct OwnerBudgetTests {
  @Test func aHundredthOfTheTimeAtMost() {
    var budget = OwnerBudget()
    var spent: UInt64 = 0
    let end: UInt64 = 1_000_000_000
    for time in stride(from: 5, to: end, by: 1000) where budget.take(at: time) {
      spent += 50_000
      #expect(!budget.take(at: time + 1), "one at a time")
      budget.spent(from: time, to: time + 50_000)
    }
    #expect(spent > end / 200 && spent <= end / 100 + 50_000, "\(spent)")
  }

  @Test func oneLongLookUpDoesNotEndAllOthers() {
    var budget = OwnerBudget()
    #expect(budget.take(at: 0))
    budget.spent(from: 0, to: 3_600_000_000_000)
    #expect(!budget.take(at: 3_600_000_000_001))
    #expect(budget.take(at: 3_611_000_000_000))
  }

  @Test func aClockThatStandsStillIsFree() {
    var budget = OwnerBudget()
    #expect(budget.take(at: 7))
    budget.spent(from: 7, to: 7)
    #expect(budget.take(at: 7))
  }
}
