import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

@testable import TraceSession

/// A session's live events have their stacks, and names for them.
@Suite struct LiveNamesTests {
  @Test func anEventsStackIsNamedAtOnceOrLater() async throws {
    let directory = TemporaryDirectory()
    let feed = LiveFeed()
    let events = feed.subscribe(limit: 100)
    var trace = try SampledTrace(path: directory.path + "/live.etl")
    trace.writer.onBlock = { feed.take($0) }
    let method = MethodLoad(
      methodID: 1, startAddress: 0x1000, size: 0x100, namespace: "Shop", name: "order",
      signature: "()")
    trace.add(method, at: 1_000_000, pid: 7)
    trace.sample(at: 2_000_000, pid: 7, stack: [0x1010, 0x2020])
    let late = MethodLoad(
      methodID: 2, startAddress: 0x2000, size: 0x100, namespace: "Shop", name: "main",
      signature: "()")
    trace.add(late, at: 3_000_000, pid: 7)
    try trace.finish()
    feed.finish()

    let session = try TraceFile(path: directory.path + "/live.etl").session
    let names = LiveSymbolizer(session: session)
    var told: [String] = []
    names.onBackfill = { _, resolution in
      told.append(resolution.symbolID.map { names.symbol($0).name } ?? "-")
    }
    var first: [String] = []
    for await event in events {
      names.learn(from: event)
      for (depth, address) in event.stack.enumerated() {
        let answer = names.resolve(
          pid: event.header.pid, address: address, at: event.header.timestamp,
          isCaller: depth > 0)
        first.append(answer.resolution.symbolID.map { names.symbol($0).name } ?? "-")
      }
    }
    #expect(first == ["Shop.order()", "-"])
    #expect(told == ["Shop.main()"])
  }
}
