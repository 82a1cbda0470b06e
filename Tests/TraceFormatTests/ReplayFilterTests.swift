import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

/// Any number of subscriptions share a run, each with its own filter; and blocks may be decoded by
/// any number of threads, with the same result.
@Suite(.randomized) struct ReplayFilterTests {
  /// Streams of three types, in many overlapping blocks.
  static let events: [SampleEvent] = {
    var rng = SeededGenerator(4)
    var events: [SampleEvent] = []
    for stream in 0..<5 {
      var ticks: UInt64 = 2000
      for index in 0..<200 {
        ticks += UInt64(rng.below(30))
        let ref = UInt16(1 + rng.below(3))
        let words =
          ref == 2
          ? Sample.text("name \(rng.below(9))") : [UInt64(index), UInt64(index * stream)]
        events.append(
          SampleEvent(
            ref: ref, ticks: ticks, stream: UInt32(stream), cpu: 0,
            process: UInt32(1 + rng.below(3)), tid: UInt32(50 + rng.below(4)), flags: 0,
            words: words))
      }
    }
    return events
  }()

  /// The events in the order of a replay.
  static let ordered = events.enumerated().sorted {
    ($0.element.ticks, $0.element.stream, $0.offset)
      < ($1.element.ticks, $1.element.stream, $1.offset)
  }.map(\.element)

  static func bytes() throws -> [UInt8] {
    var other = SmallTrace.counter
    other.id = 3
    other.name = "Other"
    return try Sample.bytes(blockEvents: 32) { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      try writer.define(ref: 2, schema: SmallTrace.named)
      try writer.define(ref: 3, schema: other)
      for index in 1...3 as ClosedRange<UInt32> {
        writer.define(process: ProcessRecord(index: index, pid: index + 100, executable: "/p"))
      }
      // Half of each stream, then the other half: blocks of all times are distributed over the
      // file.
      for half in 0..<2 {
        for (index, event) in events.enumerated() where index % 200 / 100 == half {
          precondition(Sample.append(event, to: &writer))
        }
      }
    }
  }

  struct Wish {
    var filter = ReplayFilter()
    var types: Set<UInt16>?
    var admits: (SampleEvent) -> Bool

    init(seed: inout SeededGenerator) {
      var time: ClosedRange<Int64>?
      var pids: Set<UInt32>?
      var tids: Set<UInt32>?
      if seed.below(2) == 0 {
        let first = Int64(1000 + seed.below(3000))
        time = first...(first + Int64(seed.below(1500)))
      }
      if seed.below(3) == 0 { pids = [UInt32(101 + seed.below(3)), 7] }
      if seed.below(3) == 0 { tids = [UInt32(50 + seed.below(4)), UInt32(50 + seed.below(4))] }
      if seed.below(2) == 0 { types = [UInt16(1 + seed.below(3))] }
      var share: PIDShare?
      // The readers of 101 and 103 are given; 102 has an even number.
      if seed.below(3) == 0 { share = PIDShare(of: 1, among: 2, readers: [103: 0, 101: 1]) }
      let isShared = share != nil
      filter.pidShare = share
      filter.time = time
      filter.pids = pids
      filter.tids = tids
      let types = types
      filter.admits = { types?.contains($0.id) ?? true }
      admits = { event in
        (types?.contains(event.ref) ?? true) && (time?.contains(Int64(event.ticks) - 1000) ?? true)
          && (pids?.contains(event.process + 100) ?? true) && (tids?.contains(event.tid) ?? true)
          && (!isShared || event.process == 1)
      }
    }
  }

  /// A block's stretches are short, and the same processes and threads write in many of them.
  @Test func writersRecurInShortStretches() throws {
    let bytes = try Sample.bytes(blockEvents: 256) { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for (index, event) in Self.ordered.enumerated() {
        var event = event
        // Runs of one to three events of a stream, each event of its own CPU.
        event.stream = UInt32(index / 3 % 2)
        event.cpu = UInt16(event.stream)
        (event.ref, event.words) = (1, [UInt64(index), 0])
        precondition(Sample.append(event, to: &writer))
      }
    }
    let file = try TraceFile(bytes: bytes)
    let found = try Sample.replay(file).sorted { $0.words[0] < $1.words[0] }
    #expect(found.count == Self.ordered.count)
    for (index, (event, written)) in zip(found, Self.ordered).enumerated() {
      #expect(event.stream == UInt32(index / 3 % 2) && event.cpu == UInt16(index / 3 % 2))
      #expect(event.process == written.process && event.tid == written.tid)
    }
  }

  @Test(arguments: [0, 1, 3]) func eachSubscriptionGetsWhatItsFilterAdmits(threads: Int) throws {
    let bytes = try Self.bytes()
    for seed in 0..<12 {
      var rng = SeededGenerator(UInt64(seed))
      let wishes = (0..<1 + rng.below(4)).map { _ in Wish(seed: &rng) }
      let file = try TraceFile(bytes: bytes)
      let replay = Replay(file)
      replay.decodingThreads = threads
      if seed % 3 == 0 { replay.filter.time = 1500...3000 }
      var seen: [String] = []
      for (number, wish) in wishes.enumerated() {
        replay.onAny(where: wish.filter) { event in
          let type = file.eventTypes[event.typeIndex]
          seen.append(
            "\(number) \(type.ref) \(event.header.ticks) \(event.header.stream) "
              + "\(Sample.words(of: event, type.schema))")
        }
      }
      try replay.run()
      var expected: [String] = []
      for event in Self.ordered
      where seed % 3 != 0 || (1500...3000).contains(Int64(event.ticks) - 1000) {
        for (number, wish) in wishes.enumerated() where wish.admits(event) {
          expected.append("\(number) \(event.ref) \(event.ticks) \(event.stream) \(event.words)")
        }
      }
      #expect(seen == expected, "seed \(seed)")
    }
  }

  @Test func typedSubscriptionsHaveFilters() throws {
    struct Numbered: TraceEvent {
      var number: UInt64
      static var eventID: UInt16 { 1 }
      static let schema = EventSchema(
        provider: "Test", id: 1, name: "Counter", fields: [.init("number", .uint64)])
      func encode(into encoder: inout EventEncoder) { encoder.encode(number) }
      init(from decoder: inout EventDecoder) { number = decoder.decode() }
    }
    var filter = ReplayFilter()
    filter.tids = [51]
    var some: [UInt64] = []
    var all = 0
    let replay = Replay(try TraceFile(bytes: try Self.bytes()))
    replay.on(Numbered.self, where: filter) { event, _ in some.append(event.number) }
    replay.on(Numbered.self) { _, _ in all += 1 }
    try replay.run()
    #expect(some == Self.ordered.filter { $0.ref == 1 && $0.tid == 51 }.map { $0.words[0] })
    #expect(all == Self.ordered.count { $0.ref == 1 })
  }

  @Test func onlyFieldsThatAreAskedForAreDecoded() throws {
    let file = try TraceFile(bytes: try Self.bytes())
    let replay = Replay(file)
    replay.onAny(fields: .named(["number"])) { event in
      let hasNumber = file.eventTypes[event.typeIndex].ref != 2
      #expect(event.fieldCount == (hasNumber ? 1 : 0))
      #expect(event.word(1) == 0)
      #expect(event.bytes(0).isEmpty)
    }
    try replay.run()
    var numbers: [UInt64] = []
    let two = Replay(file)
    // Fields requested by one subscription are visible to others, too; headers need no fields.
    two.onAny(fields: .none) { _ in }
    two.onAny(fields: .named(["number"])) { event in
      if file.eventTypes[event.typeIndex].ref != 2 { numbers.append(event.word(0)) }
    }
    try two.run()
    #expect(numbers == Self.ordered.filter { $0.ref != 2 }.map { $0.words[0] })
  }

  /// Damages every block of events: blocks that no subscription needs are not read.
  @Test func onlyBlocksThatAreAskedForAreRead() throws {
    var bytes = try Self.bytes()
    let blocks = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.events }
    for block in blocks { bytes[block.range.upperBound - 1] ^= 1 }
    let file = try TraceFile(bytes: bytes)
    var filter = ReplayFilter()
    filter.time = 1000...1500
    let replay = Replay(file)
    replay.onAny(where: filter) { _ in }
    try replay.run()
    let needed = blocks.filter { $0.header.first <= 2500 && $0.header.last >= 2000 }
    #expect(!needed.isEmpty && needed.count < blocks.count / 2)
    #expect(file.damage.map { Int($0.offset) }.sorted() == needed.map(\.range.lowerBound))
  }

  /// Damage is listed in the same order for any number of threads.
  @Test func threadsFindTheSameDamage() throws {
    var bytes = try Self.bytes()
    let blocks = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.events }
    for (index, block) in blocks.enumerated() where index % 3 == 0 {
      bytes[block.range.upperBound - 1] ^= 1
    }
    func read(_ threads: Int) throws -> (events: [SampleEvent], damage: [Damage]) {
      let file = try TraceFile(bytes: bytes)
      return (try Sample.replay(file) { $0.decodingThreads = threads }, file.damage)
    }
    let alone = try read(0)
    #expect(alone.damage.count == blocks.indices.count { $0 % 3 == 0 })
    for threads in 1...3 {
      let helped = try read(threads)
      #expect(helped.events == alone.events)
      #expect(helped.damage == alone.damage)
    }
  }

  @Test func threadsEndWithTheReplay() throws {
    let file = try TraceFile(bytes: try Self.bytes())
    for stop in [0, 1, 100, 600] {
      var count = 0
      let replay = Replay(file)
      replay.decodingThreads = 3
      replay.onAny { _ in
        count += 1
        if count > stop { throw ReplayStop() }
      }
      try replay.run()
      #expect(count == stop + 1)
    }
    #expect(file.replayRuns == 4)
  }
}
