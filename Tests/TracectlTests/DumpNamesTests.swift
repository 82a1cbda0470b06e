import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import tracectl

/// Stacks in `tracectl dump` have names; late names follow separately.
@Suite struct DumpNamesTests {
  let fixture: TraceFixture
  let path: String

  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("named.etl")
  }

  static func method(_ name: String, at address: UInt64) -> MethodLoad {
    MethodLoad(
      methodID: address, startAddress: address, size: 0x100, namespace: "Shop", name: name,
      signature: "()")
  }

  func write() throws {
    var trace = try SampledTrace(path: path)
    trace.sample(at: 1_000_000, pid: 10, stack: [0x1012, 0x2010, 0x9000])
    trace.add(Self.method("order", at: 0x1000), at: 2_000_000, pid: 10)
    trace.add(Self.method("main", at: 0x2000), at: 3_000_000, pid: 10)
    try trace.finish()
  }

  @Test func aFilesNamesAreKnownBeforeItsFirstEvent() throws {
    try write()
    let text = try ToolRun("dump", path, "-event", "SampledProfile")
    #expect(text.exitCode == 0)
    #expect(text.errors == "")
    #expect(
      text.output.hasSuffix(
        "stack=[[jit]!Shop.order()+0x12 <- [jit]!Shop.main()+0x10 <- 0x9000 (never announced)]\n"))
    let json = try ToolRun("dump", path, "-event", "SampledProfile", "-format", "json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["stack"] as? [String] == ["0x1012", "0x2010", "0x9000"])
    let frames = try #require(object["frames"] as? [[String: Any]])
    #expect(frames.map { $0["function"] as? String } == ["Shop.order()", "Shop.main()", nil])
    let csv = try ToolRun("dump", path, "-format", "csv", "-limit", "1")
    #expect(csv.output.contains("\"[jit]!Shop.order()+0x12 <- "))
  }

  /// Lines announced by a runtime for its compiled code are shown.
  @Test func compiledCodeHasLines() throws {
    var trace = try SampledTrace(path: path)
    trace.add(Self.method("order", at: 0x1000), at: 1_000_000, pid: 10)
    trace.add(
      MethodILToNativeMap(
        methodID: 0x1000, startAddress: 0x1000, ilOffsets: [0, 4], nativeOffsets: [0, 0x10],
        lines: [7, 8], sourceFile: "shop/order.cs"), at: 1_000_000, pid: 10)
    trace.sample(at: 2_000_000, pid: 10, stack: [0x1012, 0x1008])
    try trace.finish()
    let run = try ToolRun("dump", path, "-event", "SampledProfile", "-lines")
    #expect(
      run.output.hasSuffix(
        "stack=[[jit]!Shop.order()+0x12 order.cs:8 <- [jit]!Shop.order()+0x8 order.cs:7]\n"))
  }

  @Test func stacksAreLeftOut() throws {
    try write()
    for format in ["text", "json", "csv"] {
      let run = try ToolRun("dump", path, "-no-stacks", "-format", format)
      #expect(run.exitCode == 0)
      let lines = run.output.split(whereSeparator: \.isNewline)
      #expect(lines.count == (format == "csv" ? 4 : 3))
      #expect(!run.output.contains("0x1012") && !run.output.contains("[jit]"))
    }
  }

  @Test(arguments: [false, true]) func whatIsFollowedIsNamedWhenTheNameComes(isHeld: Bool) throws {
    var trace = try SampledTrace(path: path)
    trace.sample(at: 1_000_000, pid: 10, stack: [0x1012])
    try trace.writer.flush()
    let running = try RunningTool(
      ["dump", path, "-follow", "-event", "SampledProfile"] + (isHeld ? ["-hold", "1h"] : []))
    if !isHeld {
      try running.waitUntil { output, _ in
        output.contains("stack=[0x1012 (never announced)]\n")
      }
    }
    trace.add(Self.method("order", at: 0x1000), at: 2_000_000, pid: 10)
    try trace.writer.flush()
    let record = "*** NAMED 0x1012 in pid 10: [jit]!Shop.order()+0x12 (event at 0.001000000) ***"
    if !isHeld { try running.waitUntil { output, _ in output.contains(record) } }
    trace.sample(at: 3_000_000, pid: 10, stack: [0x1014])
    try trace.finish()
    let run = try running.wait()
    #expect(run.exitCode == 0)
    // If held long enough, a name is final; if shown immediately, it may change.
    let mark = isHeld ? "" : " (provisional)"
    #expect(run.output.contains("stack=[[jit]!Shop.order()+0x14\(mark)]\n"))
    #expect(run.output.contains("stack=[[jit]!Shop.order()+0x12]\n") == isHeld)
    #expect(run.lines.count == (isHeld ? 2 : 3))
  }

  /// The same frame is shown as provisional first, and as final at the end of the file.
  @Test func aFrameStopsBeingProvisional() throws {
    var trace = try SampledTrace(path: path)
    trace.add(Self.method("order", at: 0x1000), at: 500_000, pid: 10)
    trace.sample(at: 1_000_000_000, pid: 10, stack: [0x1012])
    trace.sample(at: 3_000_000_000, pid: 10, stack: [0x1012])
    try trace.writer.flush()
    let running = try RunningTool(
      ["dump", path, "-follow", "-hold", "1s", "-event", "SampledProfile"])
    try running.waitUntil { output, _ in output.contains("order()+0x12 (provisional)]\n") }
    try trace.finish()
    let run = try running.wait()
    #expect(run.exitCode == 0)
    #expect(run.lines.count == 2)
    #expect(run.lines.last?.hasSuffix("stack=[[jit]!Shop.order()+0x12]") == true, "\(run.output)")
  }

  /// A finished file does not grow: following it shows what `dump` shows, and holds nothing.
  @Test(arguments: [[], ["-hold", "1h"]]) func whatIsFinishedHasItsFinalNames(
    hold: [String]
  ) throws {
    try write()
    for format in ["text", "json", "csv"] {
      let plain = try ToolRun("dump", path, "-format", format)
      let followed = try RunningTool(["dump", path, "-follow", "-format", format] + hold).wait()
      #expect(followed.exitCode == 0)
      #expect(followed.output.contains("Shop.order()") && !followed.output.contains("provisional"))
      // CSV that follows a file has a column for the fields of types defined later.
      #expect(followed.output == plain.output || format == "csv")
    }
  }

  /// An event without a stack has no names to wait for. It waits only behind one that has.
  @Test func whatHasNoStackIsHeldBehindAStackOnly() throws {
    var trace = try SampledTrace(path: path)
    trace.add(Self.method("order", at: 0x1000), at: 500_000, pid: 10)
    try trace.writer.flush()
    let running = try RunningTool(["dump", path, "-follow", "-hold", "1h"])
    try running.waitUntil { output, _ in output.contains("MethodLoad") }
    trace.sample(at: 1_000_000, pid: 10, stack: [0x2012])
    trace.add(Self.method("main", at: 0x2000), at: 2_000_000, pid: 10)
    trace.add(Self.method("last", at: 0x3000), at: 3_000_000, pid: 10)
    try trace.finish()
    let run = try running.wait()
    #expect(run.exitCode == 0)
    let shown = ["order", "stack=[[jit]!Shop.main()", "main", "last"]
    #expect(run.lines.count == shown.count)
    #expect(zip(run.lines, shown).allSatisfy { $0.contains($1) }, "\(run.output)")
  }

  /// Names are learned only once a stack needs them: then also from all that came before.
  @Test(arguments: [[], ["-hold", "1h"]]) func whatCameBeforeTheFirstStackIsKnown(
    hold: [String]
  ) throws {
    var trace = try SampledTrace(path: path)
    trace.add(Self.method("order", at: 0x1000), at: 500_000, pid: 10)
    try trace.writer.flush()
    let running = try RunningTool(["dump", path, "-follow"] + hold)
    try running.waitUntil { output, _ in output.contains("order") }
    trace.add(Self.method("main", at: 0x2000), at: 600_000, pid: 10)
    try trace.writer.flush()
    try running.waitUntil { output, _ in output.contains("main") }
    trace.add(Self.method("late", at: 0x3000), at: 700_000, pid: 10)
    trace.sample(at: 1_000_000, pid: 10, stack: [0x1012, 0x2012, 0x3012])
    try trace.writer.flush()
    let shown = ["order", "main", "late"].map { "[jit]!Shop.\($0)()+0x12" }
    if hold.isEmpty {
      let marked = shown.map { "\($0) (provisional)" }.joined(separator: " <- ")
      try running.waitUntil { output, _ in output.contains("stack=[\(marked)]\n") }
    }
    try trace.finish()
    let run = try running.wait()
    #expect(run.exitCode == 0)
    #expect(run.lines.count == 4)
    #expect(hold.isEmpty || run.output.contains("stack=[\(shown.joined(separator: " <- "))]\n"))
  }

  /// A collection locks its file. If the lock is released and the file has no end, no end will
  /// follow.
  @Test func aCollectionThatDiesEndsWhatFollowsIt() throws {
    var trace = try SampledTrace(path: path)
    trace.add(Self.method("order", at: 0x1000), at: 500_000, pid: 10)
    trace.sample(at: 1_000_000, pid: 10, stack: [0x1012])
    try trace.writer.flush()
    // The tool must not inherit the lock.
    let lock = open(path, O_RDONLY | O_CLOEXEC)
    #expect(flock(lock, LOCK_EX) == 0)
    let running = try RunningTool(["dump", path, "-follow", "-event", "SampledProfile"])
    try running.waitUntil { output, _ in output.contains("Shop.order()+0x12") }
    trace.sample(at: 2_000_000, pid: 10, stack: [0x1014])
    try trace.writer.flush()
    // The tool checks the lock before it looks for more blocks, so by now it has detected the lock.
    try running.waitUntil { output, _ in output.contains("Shop.order()+0x14") }
    close(lock)
    let run = try running.wait()
    #expect(run.exitCode == 65)
    #expect(run.errors.contains("ended without finishing it"))
    #expect(run.lines.count == 2)
  }

  @Test func holdingIsForWhatIsFollowed() throws {
    try write()
    let run = try ToolRun("dump", path, "-hold", "1s")
    #expect(run.exitCode == 64)
    #expect(run.errors.contains("-follow"))
  }
}
