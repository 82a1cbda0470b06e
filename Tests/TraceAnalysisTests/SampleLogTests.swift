import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

/// The events that several cores keep are those that one keeps: in order of time, and those of each
/// process in the same order.
@Suite(.randomized) struct SampleLogTests {
  private let directory = TemporaryDirectory()

  private func trace(pids: ClosedRange<UInt32>, seed: UInt64) throws -> [UInt8] {
    var random = SeededGenerator(seed)
    let path = directory.path + "/log.etl"
    var trace = try SampledTrace(path: path)
    for number in 0..<3000 as Range<UInt64> {
      // Several events have the same time.
      let (time, pid) = (number / 3 * 1000, UInt32.random(in: pids, using: &random))
      let stack = (0..<Int.random(in: 0...6, using: &random)).map { _ in
        UInt64.random(in: 256...300, using: &random)
      }
      trace.sample(at: time, pid: pid, tid: pid + 1, stack: stack, weight: number + 1)
      if number % 100 == 99 { try trace.writer.flush() }
    }
    try trace.finish()
    return WholeFile.bytes(path)
  }

  /// The events of each process, each with the names of its stack.
  private func lines(_ collection: StackCollection) -> [String: [String]] {
    #expect(collection.samples.map(\.time) == collection.samples.map(\.time).sorted())
    var lines: [String: [String]] = [:]
    for sample in collection.samples {
      let path = collection.tree.path(to: Int(sample.node)).map { collection.frames[$0].name }
      lines[path[0], default: []].append("\(sample.time) \(sample.weight) \(sample.cpu) \(path)")
    }
    return lines
  }

  @Test(arguments: [1...1, 1...8] as [ClosedRange<UInt32>])
  func severalCoresKeepTheSame(pids: ClosedRange<UInt32>) throws {
    let file = try TraceFile(bytes: try trace(pids: pids, seed: UInt64(pids.count)))
    let symbolizer = Symbolizer(file)
    try symbolizer.prepare()
    var selection = StackSelection.samples
    selection.separatesThreads = true
    selection.log = SampleLog()
    let pass = StackCollecting(file, selection, SymbolizerFrames(symbolizer))
    try file.run(pass)
    let one = lines(pass.finish())
    let several = try #require(
      try StackWorkers.collect(
        file, selection, SymbolizerFrames(symbolizer), cores: 3, eventsMin: 300))
    #expect(one.values.reduce(0) { $0 + $1.count } == 3000)
    #expect(lines(several) == one)
    selection.log = nil
    let none = try #require(
      try StackWorkers.collect(
        file, selection, SymbolizerFrames(symbolizer), cores: 3, eventsMin: 300))
    #expect(none.samples.isEmpty)
  }

  /// Of a frame that several cores meet, the first part's origin holds.
  @Test func pagesAreJoinedInTheirOrder() {
    let book = FrameBook()
    #expect(book.origins(of: FrameTable()).origins.isEmpty)
    var table = FrameTable()
    let frame = table.id(of: StackFrame(.function, function: "f"))
    #expect(book.origins(of: table).origins == [FrameOrigin()])
    let (first, second) = (book.page(), book.page())
    second.add(origin(20), of: frame, in: table)
    first.add(origin(10), of: frame, in: table)
    first.add(origin(30), of: frame, in: table)
    #expect(book.origins(of: table).origins == [origin(10)])
  }

  private func origin(_ address: UInt64) -> FrameOrigin {
    var origin = FrameOrigin()
    origin.address = address
    return origin
  }
}
