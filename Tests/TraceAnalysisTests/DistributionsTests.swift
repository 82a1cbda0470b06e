import Testing

@testable import TraceAnalysis

/// Values from printed tables.
@Suite struct DistributionsTests {
  @Test func normalTails() {
    for (z, tail) in [(0.0, 1.0), (1.959964, 0.05), (2.575829, 0.01), (4.417173, 1e-5)] {
      #expect((Distributions.normal(beyond: z) / tail - 1).magnitude < 1e-5)
      #expect((Distributions.normal(beyond: -z) / tail - 1).magnitude < 1e-5)
    }
    #expect((Distributions.normalLimit(beyond: 0.05) - 1.959964).magnitude < 1e-5)
    #expect(Distributions.normalLimit(beyond: 1) == 0)
    #expect(Distributions.normalLimit(beyond: 0) == .infinity)
  }

  @Test func studentTails() {
    let table = [
      (1.0, 12.7062), (2, 4.30265), (4, 2.776445), (10, 2.228139), (30, 2.042272),
      (1000, 1.962339),
    ]
    for (freedom, limit) in table {
      #expect((Distributions.student(beyond: limit, freedom: freedom) / 0.05 - 1).magnitude < 1e-4)
      let found = Distributions.studentLimit(beyond: 0.05, freedom: freedom)
      #expect((found / limit - 1).magnitude < 1e-5)
    }
    // 1 - 2/pi * atan(t) for one degree of freedom.
    #expect((Distributions.student(beyond: 1, freedom: 1) - 0.5).magnitude < 1e-9)
    #expect(Distributions.student(beyond: .infinity, freedom: 3) == 0)
    #expect(Distributions.student(beyond: .nan, freedom: 3) == 1)
  }

  @Test func falseDiscoveriesAreLimited() {
    // Benjamini and Hochberg's example: the four smallest of these are real at 5 %.
    let probabilities = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
      0.5719, 0.6528, 0.7590, 1.0,
    ]
    let limit = Discoveries.limit(probabilities.reversed())
    #expect(probabilities.count { $0 <= limit } == 4)
    #expect(Discoveries.limit([]) == 0.05)
    #expect(Discoveries.limit([Double](repeating: 0.5, count: 100)) == 0.05 / 100)
  }
}
