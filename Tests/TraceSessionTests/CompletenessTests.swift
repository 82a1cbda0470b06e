import CTraceShims
import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat
import TraceRing

@testable import TraceSession

/// A file that was cut anywhere says up to when it has everything that a thread emitted.
@Suite(.serialized, .usesEmitterSlots) struct CompletenessTests {
  static let schema = EventSchema(
    provider: "Cut", id: 1, name: "Number", fields: [FieldSchema("number", .uint64)])

  let place = TemporaryDirectory()
  var path: String { "\(place.path)/cut.etl" }

  /// What a file, or the beginning of one, has of the numbers that one thread emitted.
  struct Content {
    var completeTicks: UInt64?
    /// Up to those ticks, and all.
    var complete: [UInt64] = []
    var all: [UInt64] = []

    init(_ bytes: ArraySlice<UInt8>) throws {
      let file = try TraceFile(bytes: Array(bytes))
      let limit = file.completeTicks
      completeTicks = limit
      var numbers: [(ticks: UInt64, number: UInt64)] = []
      let replay = Replay(file)
      replay.onAny { numbers.append(($0.header.ticks, $0.word(0))) }
      try replay.run()
      all = numbers.map(\.number)
      if let limit { complete = numbers.filter { $0.ticks <= limit }.map(\.number) }
    }

    static func isPrefix(_ numbers: [UInt64]) -> Bool {
      numbers.enumerated().allSatisfy { UInt64($0.offset) == $0.element }
    }
  }

  /// One thread emits into the rings of two CPUs by turns, while a drain reads them one after the
  /// other. Each beginning of the file is looked at: whole blocks, and parts of blocks.
  @Test func everyBeginningOfAFileSaysUpToWhenItIsComplete() throws {
    try record()
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    var random = SystemRandomNumberGenerator()
    var (holes, complete) = (0, 0)
    var offset = 32
    while offset < bytes.count {
      let payload = (12..<16).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * ($1 - 12)) }
      let end = offset + 48 + payload
      for cut in [offset, Int.random(in: offset..<end, using: &random)] where cut > 32 {
        let content = try Content(bytes[..<cut])
        #expect(Content.isPrefix(content.complete), "cut at \(cut)")
        if !Content.isPrefix(content.all) { holes += 1 }
      }
      offset = end
    }
    let content = try Content(bytes[...])
    complete = content.complete.count
    #expect(Content.isPrefix(content.complete))
    // The record says something: there are cuts with holes, and most events lie before the mark.
    #expect(holes > 0)
    #expect(complete * 10 > content.all.count * 5)
  }

  private func record() throws {
    let rings = try [DrainTests.Ring(), DrainTests.Ring()]
    let writer = try TraceWriter(
      path: path,
      session: SessionDescription(
        name: "test", clock: .counter, ticksPerSecond: 1_000_000_000,
        start: .now(.counter)))
    var work = DrainWork(writer: writer)
    for (index, ring) in rings.enumerated() {
      work.add(DrainedSet(ring.set, id: UInt32(index), firstStream: UInt32(index)))
    }
    work.admit([3: 0, 4: 1])
    work.perform { writer in
      try? writer.define(ref: DrainTests.ref, schema: Self.schema)
      for index in UInt32(3)...4 { writer.define(process: ProcessRecord(index: index, pid: 1234)) }
    }
    var next: UInt64 = 0
    func emit(_ ring: Int) {
      rings[ring].write(as: UInt32(3 + ring), [[next]])
      next += 1
    }
    for round in 0..<40 {
      work.beginRound()
      emit(round % 2)
      // What is emitted while a ring's copy is read: into both, so that a ring whose turns are used
      // up keeps events that are older than those which the other still gives.
      work.drainRings { _ in
        emit(round % 2)
        emit(1 - round % 2)
      }
      if round % 3 == 0 { work.flush() }
    }
  }

  /// A set that the drain does not read, as a flight recorder's, is complete up to its beginning.
  @Test func whatIsNotReadIsNotSaidToBeComplete() throws {
    let ring = try DrainTests.Ring()
    var options = Drain.Options()
    options.keepsUntilStop = true
    let writer = try TraceWriter(
      path: path,
      session: SessionDescription(
        name: "test", clock: .counter, ticksPerSecond: 1_000_000_000,
        start: .now(.counter)))
    let drain = try Drain(writer: writer, wakeDescriptor: ring.wake, options: options)
    let before = ClockSync.now(.counter).ticks
    drain.add(ring.set, id: 1, firstStream: 0)
    // An event that stays in the ring.
    ring.write(as: 3, [[1]])
    drain.flush()
    let limit = trace_monotonic_ns() + 20_000_000_000
    while try TraceFile(path: path).completeTicks == nil, trace_monotonic_ns() < limit {
      usleep(1000)
    }
    #expect(try TraceFile(path: path).completeTicks ?? .max <= before)
    drain.stop()
    #expect(try TraceFile(path: path).completeTicks == nil)
  }
}
