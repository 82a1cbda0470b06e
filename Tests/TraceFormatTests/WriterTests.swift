import Glibc
import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

@Suite struct WriterTests {
  private func event(_ index: Int, stack: [UInt64] = []) -> SampleEvent {
    SampleEvent(
      ref: 1, ticks: 2000 + UInt64(index), stream: 0, cpu: 0, process: 0, tid: 1,
      flags: stack.isEmpty ? 0 : 2, words: [UInt64(index), 5], stack: stack)
  }

  @Test func aFullDiskIsAnErrorAndTheFileReadsUpToThere() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/full.etl"
    let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
    var writer = try TraceWriter(
      descriptor: descriptor, path: path, session: Sample.session())
    try writer.define(ref: 1, schema: SmallTrace.counter)
    for index in 0..<10 { #expect(Sample.append(event(index), to: &writer)) }
    try writer.flush()

    // From here on, the writer's descriptor refers to the device that is always full.
    let full = open("/dev/full", O_WRONLY)
    #expect(dup2(full, descriptor) == descriptor)
    close(full)
    #expect(Sample.append(event(10), to: &writer))
    let expected = FormatError.io(operation: "write", path: path, code: ENOSPC)
    #expect(throws: expected) { try writer.flush() }
    #expect(writer.failure == expected)
    #expect(throws: expected) { try writer.finish() }

    let file = try TraceFile(path: path)
    #expect(!file.isComplete)
    #expect(try Sample.replay(file).count == 10)
    #expect(throws: FormatError.io(operation: "write", path: "/dev/full", code: ENOSPC)) {
      _ = try TraceWriter(path: "/dev/full", session: Sample.session())
    }
    #expect(throws: FormatError.io(operation: "create", path: "/no/such/x", code: ENOENT)) {
      _ = try TraceWriter(path: "/no/such/x", session: Sample.session())
    }
  }

  @Test func whatIsWrittenCanBeReadBeforeTheEnd() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/unfinished.etl"
    var writer = try TraceWriter(path: path, session: Sample.session())
    try writer.define(ref: 1, schema: SmallTrace.counter)
    for index in 0..<10 { #expect(Sample.append(event(index, stack: [7, 8]), to: &writer)) }
    // Even if another file has its name now.
    #expect(rename(path, path + ".moved") == 0)
    let unfinished = try writer.reopened()
    #expect(!unfinished.isComplete)
    #expect(unfinished.path == path)
    let events = try Sample.replay(unfinished)
    #expect(events.count == 10)
    #expect(events.allSatisfy { $0.stack == [7, 8] })
    #expect(unfinished.damage.isEmpty)
    writer.define(
      symbols: ImageSymbols(path: "/a", functions: [ImageFunction(offset: 0, size: 8, name: "f")]))
    #expect(Sample.append(event(10), to: &writer))
    try writer.finish()
    let file = try TraceFile(path: path + ".moved")
    #expect(file.isComplete)
    #expect(try Sample.replay(file).count == 11)
    #expect(file.symbols.map(\.path) == ["/a"])
    try file.verify()
    #expect(file.damage.isEmpty)
  }

  @Test func halfABlockIsTakenBack() throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/half.etl"
    let sink = try FileSink(path: path)
    try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try sink.write($0) }
    #expect(sink.byteCount == 100)
    #expect(try FileBytes.read(path).count == 100)
  }

  @Test func unacceptableSchemasAreRefused() throws {
    _ = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      let taken = FormatError.unacceptableSchema(
        name: "Counter", reason: "reference 1 is already used")
      #expect(throws: taken) { try writer.define(ref: 1, schema: SmallTrace.counter) }
      let none = FormatError.unacceptableSchema(
        name: "Counter", reason: "reference 0 is already used")
      #expect(throws: none) { try writer.define(ref: 0, schema: SmallTrace.counter) }
      var wide = SmallTrace.counter
      wide.fields = Array(repeating: FieldSchema("x", .uint8), count: 257)
      #expect(throws: FormatError.self) { try writer.define(ref: 2, schema: wide) }
      var heavy = SmallTrace.counter
      let name = String(repeating: "n", count: 1000)
      let cases = (0..<4096).map { EnumCase(name, UInt64($0)) }
      heavy.fields = [
        .init("a", .enumeration(EnumSchema(name: "E", cases: cases))),
        .init("b", .enumeration(EnumSchema(name: "E", cases: cases))),
      ]
      #expect(throws: FormatError.self) { try writer.define(ref: 3, schema: heavy) }
    }
  }

  @Test func blocksAreCutAtTheirLimits() throws {
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for index in 0..<66_000 { #expect(Sample.append(event(index), to: &writer)) }
    }
    let counts = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.events }
      .map(\.header.count)
    #expect(counts == [65_536, 464])
    let file = try TraceFile(bytes: bytes)
    var sum: UInt64 = 0
    let replay = Replay(file)
    replay.onAny { sum += $0.word(0) }
    try replay.run()
    #expect(sum == (0..<66_000).reduce(0, +))
  }

  @Test func largeRecordsCutBlocksBySize() throws {
    let text = Sample.text(String(repeating: "x", count: 60_000))
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 2, schema: SmallTrace.named)
      for index in 0..<200 {
        var large = event(index)
        large.ref = 2
        large.words = text
        #expect(Sample.append(large, to: &writer))
      }
    }
    let blocks = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.events }
    #expect(blocks.count == 3)
    // The same text in each event is stored once per block.
    #expect(bytes.count < 10_000)
    #expect(try Sample.replay(try TraceFile(bytes: bytes)).allSatisfy { $0.words == text })
  }

  @Test func theStackTableForgetsAndStaysRight() throws {
    // Stacks share only the outermost frame.
    func stack(_ index: Int) -> [UInt64] {
      (0..<63).map { UInt64(index) << 8 | $0 } + [1 << 40]
    }
    let count = StackTable.nodesMax / 63 + 1000
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for index in 0..<count {
        #expect(Sample.append(event(index, stack: stack(index)), to: &writer))
      }
      // One of the dropped ones again.
      #expect(Sample.append(event(count, stack: stack(7)), to: &writer))
    }
    let file = try TraceFile(bytes: bytes)
    let read = try Sample.replay(file)
    #expect(read.count == count + 1)
    for (index, event) in read.enumerated() where index < count {
      #expect(event.stack == stack(index))
    }
    #expect(read.last?.stack == stack(7))
    #expect(file.index.stacks.entries.count == 2)
    #expect(file.stack(.lost) == [StackNode.lostAddress])
  }

  @Test func equalStacksAreStoredOnce() throws {
    let deep = (0..<50).map { UInt64($0) << 20 }
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for index in 0..<1000 { #expect(Sample.append(event(index, stack: deep), to: &writer)) }
      let tooDeep = [UInt64](repeating: 1, count: FileLayout.stackFramesMax + 1)
      #expect(!Sample.append(event(1000, stack: tooDeep), to: &writer))
    }
    let stacks = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.stacks }
    #expect(stacks.map(\.header.count) == [50])
    #expect(bytes.count < 3000)
  }

  @Test func blocksGoToTheHook() throws {
    final class Collected { var bytes: [UInt8] = [] }
    let collected = Collected()
    let bytes = try Sample.bytes { writer in
      writer.onBlock = { collected.bytes.append(contentsOf: $0) }
      try writer.define(ref: 1, schema: SmallTrace.counter)
      #expect(Sample.append(event(0), to: &writer))
    }
    #expect(bytes.suffix(collected.bytes.count).elementsEqual(collected.bytes))
    let kinds = SmallTrace.blocks(Array(bytes[..<32]) + collected.bytes).map(\.header.kind)
    #expect(kinds == [1, 2, 7, 8])
  }

  @Test func nothingIsWrittenAfterTheEnd() throws {
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      try writer.finish()
      let size = writer.byteCount
      writer.loss(SmallTrace.loss)
      writer.clockSync(Sample.start)
      #expect(Sample.append(event(0), to: &writer))
      try writer.flush()
      #expect(writer.byteCount == size)
      #expect(throws: FormatError.closed) { try writer.finish() }
      throw Done()
    } onThrow: { _ in
    }
    #expect(bytes.isEmpty)
  }
}

private struct Done: Error {}

extension Sample {
  /// Like the other, for a body that ends the file itself.
  fileprivate static func bytes(
    _ body: (inout TraceWriter) throws -> Void, onThrow: (any Error) -> Void
  ) throws -> [UInt8] {
    do {
      return try bytes(body)
    } catch is Done {
      return []
    }
  }
}
