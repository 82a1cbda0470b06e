import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

/// Each exported sample has the time, the weight, the thread and the names that `dump` has.
@Suite(.randomized) struct ExportRoundTripTests {
  private static let sampleCount = 400
  private let fixture: TraceFixture
  private let path: String

  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("round.etl")
    var random = SeededGenerator(1)
    var trace = try SampledTrace(path: path)
    for pid in [10, 20] as [UInt32] {
      trace.process(pid, "/bin/p\(pid)")
      for method in 0..<20 as Range<UInt64> {
        trace.add(
          MethodLoad(
            methodID: method, startAddress: 0x1000 * (method + 1), size: 0x800, tier: .optimized,
            namespace: "n", name: "f\(method)", signature: ""), at: 1, pid: pid)
      }
    }
    var time: UInt64 = 1000
    for _ in 0..<Self.sampleCount {
      time += UInt64.random(in: 1...2_000_000, using: &random)
      let pid: UInt32 = random.below(2) == 0 ? 10 : 20
      trace.stream = UInt32(random.below(2))
      let stack = (0...random.below(6)).map { _ in
        0x1000 * UInt64(random.below(20) + 1) + UInt64(random.below(64)) + 8
      }
      trace.sample(
        at: time, pid: pid, tid: pid + UInt32(random.below(3)), stack: stack,
        weight: UInt64.random(in: 1...3_000_000, using: &random))
    }
    try trace.finish()
  }

  private func export(_ name: String) throws -> String {
    let out = fixture.path(name)
    let run = try ToolRun("export", path, "-o", out)
    #expect(run.exitCode == 0, "\(run.errors)")
    return out
  }

  private func expected() throws -> [String] {
    let run = try ToolRun("dump", path, "-format", "json")
    let samples = try ExportedSamples.dumped(run.output)
    #expect(samples.count == Self.sampleCount)
    return samples
  }

  @Test func firefoxHasEverySample() throws {
    let found = try ExportedSamples.firefox(try export("t.profile.json"))
    #expect(try found.sorted() == expected().sorted())
  }

  @Test func chromeHasEverySample() throws {
    #expect(try ExportedSamples.chrome(try export("t.chrome.json")) == expected())
  }

  @Test(.needs(PerfettoJudge.requirement)) func perfettoHasEverySample() throws {
    let found = try ExportedSamples.perfetto(
      try export("t.pftrace"), start: Int(SampledTrace.start))
    let expected = try expected().map { line in
      let words = line.split(separator: " ", maxSplits: 2)
      return "\(words[0]) 0 \(words[2])"
    }
    #expect(found == expected)
  }

  @Test func speedscopeHasEveryThreadInOrder() throws {
    let json = try ExportedSamples.object(try export("t.speedscope.json"))
    let frames = try #require(
      (json["shared"] as? [String: Any])?["frames"] as? [[String: Any]]
    ).map { $0["name"] as? String ?? "?" }
    var found: [String: [String]] = [:]
    for profile in try #require(json["profiles"] as? [[String: Any]]) {
      let name = try #require(profile["name"] as? String)
      let samples = try #require(profile["samples"] as? [[Int]])
      let weights = try #require(profile["weights"] as? [Int])
      let tid = String(try #require(name.split(separator: "(").last).dropLast())
      found[tid] = zip(weights, samples).map { "\($0) \($1.map { frames[$0] })" }
    }
    var wanted: [String: [(Int, String)]] = [:]
    for line in try expected() {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      let stack = "\(words[3].split(separator: ";").map(String.init))"
      // Equal neighbours are one sample.
      var known = wanted[words[2]] ?? []
      let weight = Int(words[1]) ?? 0
      if let last = known.last, last.1 == stack {
        known[known.count - 1].0 = last.0 + weight
      } else {
        known.append((weight, stack))
      }
      wanted[words[2]] = known
    }
    #expect(found == wanted.mapValues { $0.map { "\($0.0) \($0.1)" } })
  }

  @Test(.needs(.program("go"))) func pprofHasEveryStack() throws {
    let found = try ExportedSamples.pprof(try export("t.pb.gz"))
    var wanted: [String: [Int]] = [:]
    for line in try expected() {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      let key = "\(words[2]) \(words[3])"
      wanted[key] = [(wanted[key]?[0] ?? 0) + 1, (wanted[key]?[1] ?? 0) + (Int(words[1]) ?? 0)]
    }
    #expect(found == wanted)
  }

  /// The sums of all formats are those of `stacks -format json`.
  @Test func sumsAreThoseOfStacks() throws {
    let run = try ToolRun("stacks", path, "-format", "json")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let total = try #require(json["total"] as? [String: Any])
    let weights = try expected().compactMap { Int($0.split(separator: " ")[1]) }
    #expect(total["events"] as? Int == Self.sampleCount)
    #expect(total["cpu_ns"] as? Int == weights.reduce(0, +))
  }
}
