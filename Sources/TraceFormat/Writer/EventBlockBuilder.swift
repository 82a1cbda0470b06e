internal import TraceEvents

/// Collects the events of a block: the data common to all events, and each type's fields
/// (``TypeAccumulator``).
struct EventBlockBuilder: ~Copyable {
  private let eventsMax: Int
  private let wordsMax: Int
  private let seed: UInt64

  /// Accumulators by event ref, allocated when the type is defined.
  private let types: UnsafeMutablePointer<UnsafeMutablePointer<TypeAccumulator>?>
  static let refCount = 65_536
  /// Refs of the types in the block, in the order of their first events.
  private var typesInBlock = GrowingBuffer<UInt16>(capacity: 64)

  private(set) var count = 0
  private var wordCount = 0
  /// Ticks between each event and its predecessor in the stretch; 0 for the first event of a
  /// stretch.
  private var tickDeltas: GrowingBuffer<UInt64>
  private var typeIndexes: GrowingBuffer<UInt16>
  private var flags: GrowingBuffer<UInt8>
  private var stackIDs: GrowingBuffer<UInt32>
  private var flagsUnion: UInt8 = 0
  private var stacksUnion: UInt32 = 0
  private var lastTicks: UInt64 = 0
  private var stretches = StretchTable()
  private var writers = WriterTable()
  /// Memory that the types keep between blocks.
  private var keptBytes = 0
  private var scratch = GrowingBuffer<UInt64>(capacity: 1024)
  private var section = GrowingBuffer<UInt8>(capacity: 1 << 16)

  init(options: TraceWriter.Options, seed: UInt64) {
    eventsMax = min(max(options.blockEvents, 1), FileLayout.blockEventsMax)
    wordsMax = min(max(options.blockBytes, 1), FileLayout.recordBytesMax) / 8
    self.seed = seed
    types = .allocate(capacity: Self.refCount)
    types.initialize(repeating: nil, count: Self.refCount)
    tickDeltas = GrowingBuffer(capacity: eventsMax)
    typeIndexes = GrowingBuffer(capacity: eventsMax)
    flags = GrowingBuffer(capacity: eventsMax)
    stackIDs = GrowingBuffer(capacity: eventsMax)
  }

  deinit {
    for ref in 0..<Self.refCount {
      guard let type = types[ref] else { continue }
      type.deinitialize(count: 1)
      type.deallocate()
    }
    types.deallocate()
  }

  /// Defines a type. Returns false if the ref already has a schema.
  mutating func define(ref: UInt16, schema: EventSchema) -> Bool {
    guard types[Int(ref)] == nil else { return false }
    let type = UnsafeMutablePointer<TypeAccumulator>.allocate(capacity: 1)
    type.initialize(to: TypeAccumulator(ref: ref, schema: schema, seed: seed))
    types[Int(ref)] = type
    return true
  }

  var isFull: Bool { count == eventsMax || wordCount >= wordsMax }
  var isEmpty: Bool { count == 0 }

  mutating func beginStretch(stream: UInt32, cpu: UInt16) {
    stretches.begin(stream: stream, cpu: cpu, at: count)
  }

  /// Returns the number of the record's words that are the event's fields; nil if they do not fit
  /// the schema.
  @inline(__always)
  func measure(ref: UInt16, words: UnsafePointer<UInt64>, count: Int) -> Int? {
    guard let type = types[Int(ref)] else { return nil }
    return type.pointee.measure(words, available: count)
  }

  /// Adds a measured event. The block must not be full.
  @inline(__always)
  mutating func append(
    ref: UInt16, ticks: UInt64, process: UInt32, tid: UInt32, flags eventFlags: UInt8,
    stack: UInt32, words: UnsafePointer<UInt64>, wordCount eventWords: Int
  ) {
    let type = types[Int(ref)].unsafelyUnwrapped
    if type.pointee.localIndex < 0 { admit(type) }
    if stretches.isOpen, ticks >= lastTicks {
      tickDeltas.base[count] = ticks &- lastTicks
    } else {
      // Ticks ascend within a stretch; time that goes back begins a new one.
      stretches.open(at: count, ticks: ticks)
      tickDeltas.base[count] = 0
    }
    lastTicks = ticks
    stretches.cover(ticks)
    writers.note(process: process, tid: tid, at: count)
    typeIndexes.base[count] = UInt16(truncatingIfNeeded: type.pointee.localIndex)
    flags.base[count] = eventFlags
    flagsUnion |= eventFlags
    stackIDs.base[count] = stack
    stacksUnion |= stack
    type.pointee.append(words)
    count &+= 1
    wordCount &+= eventWords
  }

  @inline(never)
  private mutating func admit(_ type: UnsafeMutablePointer<TypeAccumulator>) {
    type.pointee.localIndex = typesInBlock.count
    typesInBlock.append(type.pointee.ref)
  }

  var firstTicks: UInt64 { stretches.firstTicks }
  var lastTicksOfAll: UInt64 { stretches.lastTicks }

  /// Calls `body` with each type of the block and its number of events.
  func forEachType(_ body: (UInt16, Int) -> Void) {
    for index in 0..<typesInBlock.count {
      let ref = typesInBlock.base[index]
      body(ref, types[Int(ref)]!.pointee.count)
    }
  }

  /// Writes the block's payload and empties the builder. The open stretch continues in the next
  /// block.
  mutating func encode(
    into target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder,
    _ compressor: inout Compressor, pidOf: (UInt32) -> UInt32
  ) {
    let sections = typesInBlock.count + 1
    let directory = target.count
    let directoryBytes = 4 + sections * SectionEntry.byteCount
    target.extend(directoryBytes).update(repeating: 0, count: directoryBytes)
    UnsafeMutableRawPointer(target.base + directory).store(word32: UInt32(sections), at: 0)

    section.count = 0
    encodeCommon(with: &encoder, pidOf: pidOf)
    finishSection(0, ref: 0, events: count, directory, &target, &compressor)
    for index in 0..<typesInBlock.count {
      let ref = typesInBlock[index]
      let type = types[Int(ref)]!
      keptBytes += type.pointee.newBytes()
      section.count = 0
      type.pointee.encode(into: &section, with: &encoder)
      finishSection(
        index + 1, ref: ref, events: type.pointee.count, directory, &target, &compressor)
      type.pointee.removeAll()
    }
    typesInBlock.count = 0
    releaseIfMuch()
    count = 0
    wordCount = 0
    flagsUnion = 0
    stacksUnion = 0
    stretches.removeAll()
    writers.removeAll()
  }

  /// Releases memory, so that the next block starts with little even if many types once had many
  /// events.
  private mutating func releaseIfMuch() {
    guard keptBytes > Self.keptBytesMax else { return }
    keptBytes = 0
    for ref in 0..<Self.refCount { types[ref]?.pointee.release() }
  }

  private static let keptBytesMax = 64 << 20

  private mutating func finishSection(
    _ position: Int, ref: UInt16, events: Int, _ directory: Int,
    _ target: inout GrowingBuffer<UInt8>, _ compressor: inout Compressor
  ) {
    let start = target.count
    let isCompressed = compressor.append(section.rawBytes, to: &target)
    let entry = SectionEntry(
      ref: ref, isCompressed: isCompressed, eventCount: events,
      storedBytes: target.count - start, rawBytes: section.count)
    entry.write(
      to: UnsafeMutableRawPointer(target.base + directory + 4 + position * SectionEntry.byteCount))
  }

  private mutating func encodeCommon(with encoder: inout ColumnEncoder, pidOf: (UInt32) -> UInt32) {
    stretches.encode(into: &section, with: &encoder, eventCount: count)
    writers.encode(into: &section, with: &encoder, eventCount: count, pidOf: pidOf)
    scratch.reserve(count)
    let values = scratch.base
    if typesInBlock.count == 1 {
      encodeZeros()
    } else {
      for index in 0..<count { values[index] = UInt64(typeIndexes.base[index]) }
      encoder.encode(values, count: count, into: &section)
    }
    encoder.encode(tickDeltas.base, count: count, into: &section)
    if flagsUnion == 0 {
      encodeZeros()
    } else {
      for index in 0..<count { values[index] = UInt64(flags.base[index]) }
      encoder.encode(values, count: count, into: &section)
    }
    if stacksUnion == 0 {
      encodeZeros()
    } else {
      for index in 0..<count { values[index] = UInt64(stackIDs.base[index]) }
      encoder.encode(values, count: count, into: &section)
    }
  }

  private mutating func encodeZeros() {
    section.append(ColumnEncoding.constant.rawValue)
    section.append(0)
  }
}
