import Testing

@testable import tracectl

/// An option of `view` that cannot take effect is an error.
@Suite struct ViewOptionsTests {
  private let fixture: TraceFixture
  private let trace: String

  init() throws {
    fixture = try TraceFixture()
    trace = try fixture.small()
  }

  /// Every option of a collection, as it may be given.
  private static let ofCollect: [[String]] = [
    ["-providers", "GC"], ["-o", "trace.etl"], ["-p", "1"], ["-process", "x"],
    ["-duration", "1s"], ["-buffer-size", "4MB"], ["-mode", "discard"], ["-stacks", "GC"],
    ["-unwind", "fp"], ["-no-symbols"], ["-isolate"], ["-no-isolate"], ["-quiet"], ["--", "true"],
  ]

  @Test func optionsOfACollectionNeedOne() throws {
    var cases: [WrongArguments] = Self.ofCollect.map {
      (["view", trace] + $0, 64, "add -live, or omit \($0[0])")
    }
    cases.append((["view", trace, "-p", "1", "-children"], 64, "add -live"))
    try expectOneSentence(of: cases)
  }

  @Test func noOptionOfACollectionIsForgotten() throws {
    let help = try ToolRun("collect", "-help").output
    for line in help.split(separator: "\n") where line.hasPrefix("  -") {
      let names = line.prefix(26).split(whereSeparator: { " ,/".contains($0) })
      for word in names where word.hasPrefix("-") {
        let name = "-" + word.drop { $0 == "-" }
        let isKnown = ["-h", "-help", "-version", "-children", "-pid", "-output"].contains(name)
        #expect(isKnown || Self.ofCollect.contains { $0[0] == name }, "\(name) in \(line)")
      }
    }
  }

  @Test func whatCannotBeShownIsAnError() throws {
    let collected = ["view", "-live", "-providers", "CPU"]
    try expectOneSentence(of: [
      (["view"], 64, "none is given"),
      (["view", trace, trace, trace], 64, "view"),
      (["view", "-"], 64, "standard input"),
      (["view", trace, "-"], 64, "standard input"),
      (["view", trace, "-live"], 64, "-live shows what it collects"),
      (collected + ["-o", "-"], 64, "standard output is none"),
      (collected + ["-o", "/dev/stdout"], 64, "standard output is none"),
      (collected + ["-o", "/dev/null"], 64, "/dev/null is none"),
      (collected + ["-mode", "overwrite"], 64, "omit -mode"),
      (["view", "-live", "-children", "-providers", "CPU"], 64, "-children requires -p"),
      (["view", "-live"], 64, "-providers"),
      (collected + ["-http", "nowhere"], 64, "nowhere"),
    ])
  }
}
