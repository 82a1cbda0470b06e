internal import TraceEvents

/// A block that takes part in a merge.
///
/// One thread fills it in (``read(_:_:with:)``) and then hands it over to the merging thread.
final class ActiveBlock {
  let block = EventBlock()
  /// The reason why the block has no usable events; nil if it has.
  private(set) var fault: Fault?
  /// Refs and event counts of the types whose schema is missing.
  private(set) var unknownTypes: [(ref: UInt16, count: Int)] = []
  // One thread at a time uses a block.
  /// Positions of the selected events, grouped by cursor; unused if all events are selected in
  /// their order.
  @exclusivity(unchecked) private var selected = GrowingBuffer<UInt32>(capacity: 64)
  /// The start of ``selected``, or of the numbers 0, 1, 2 …
  @exclusivity(unchecked) private var positions = SharedColumns.positions
  @exclusivity(unchecked) private var spans: [Span] = []
  /// One batch template per type of the block.
  private(set) var batches = GrowingBuffer<EventBatch>(capacity: 8)
  /// Route of each of the block's types; nil if the type has no handler.
  @exclusivity(unchecked) private var wanted: [RouteTable.Route?] = []
  /// Whether each of the block's types has a handler.
  @exclusivity(unchecked) private var isWanted: [Bool] = []
  /// The tick range of each sieve, followed by the origins that each sieve admits.
  private var sieveTicks = GrowingBuffer<(first: UInt64, last: UInt64)>(capacity: 4)
  private var admittedOrigins = GrowingBuffer<Bool>(capacity: 64)
  /// Number of cursors that have not reached their end.
  var cursorCount = 0

  /// The reason why a block's events cannot be delivered.
  enum Fault {
    case unusable(TraceFile.Unusable)
    case broken(FormatError, BlockHeader)
  }

  /// Selected events of one stream in ascending order of time.
  private struct Span {
    var stream: UInt32
    var range: Range<Int>
  }

  var memoryBytes: Int {
    block.memoryBytes + selected.capacity * 4 + admittedOrigins.capacity
  }

  // MARK: Reading

  /// Reads and decodes a block: the data common to all events, and the fields that handlers use.
  /// Selects the events to deliver. Sets ``fault`` if the block is unusable.
  func read(
    _ entry: BlockEntry, _ routes: RouteTable, with reader: inout BlockReader
  ) throws(FormatError) {
    fault = nil
    unknownTypes = []
    spans = []
    cursorCount = 0
    let header: BlockHeader
    switch TraceFile.match(try reader.read(at: entry.offset), entry) {
    case .success(let found): header = found
    case .failure(let damage):
      fault = .unusable(damage)
      return
    }
    do throws(FormatError) {
      try decode(header, routes, &reader)
    } catch {
      fault = .broken(error, header)
      return
    }
    select(routes)
  }

  private func decode(
    _ header: BlockHeader, _ routes: RouteTable, _ reader: inout BlockReader
  ) throws(FormatError) {
    let payload = reader.payload
    try block.open(header, payload)
    guard let directory = block.directory else { return }
    wanted = directory.entries.dropFirst().map { routes.route($0.ref) }
    isWanted = wanted.map { $0 != nil }
    let leavesOut = EventBlock.isWorthLeavingOut(isWanted, directory)
    try block.decodeEvents(header, payload, wanted: leavesOut ? isWanted : nil, &reader.room)
    for (index, entry) in directory.entries.dropFirst().enumerated() {
      if let route = wanted[index] {
        guard route.readsFields else { continue }
        try block.decodeFields(
          of: index + 1, fields: route.fields, leading: route.leadingFields, payload,
          &reader.room)
      } else if !routes.isKnown(entry.ref) {
        unknownTypes.append((entry.ref, entry.eventCount))
      }
    }
    block.settleColumns()
  }

  // MARK: Selecting

  private var admission: Admission {
    Admission(
      ticks: UnsafePointer(sieveTicks.base), origins: UnsafePointer(admittedOrigins.base),
      originCount: block.origins.count)
  }

  private func select(_ routes: RouteTable) {
    sieve(routes.sieves)
    let isAll = block.hasOnlyWanted || isWanted.allSatisfy { $0 }
    let sieves = wanted.compactMap { $0?.sieves }
    // Usually, a single filter applies to all wanted types.
    let common = sieves.first.flatMap { first in
      first.count == 1 && sieves.allSatisfy { $0 == first } ? first[0] : nil
    }
    var first = UInt64.max
    var last: UInt64 = 0
    for sieve in Set(sieves.joined()) {
      first = min(first, routes.sieves[sieve].first)
      last = max(last, routes.sieves[sieve].last)
    }
    guard first <= last else { return }
    let checksOrigins = common.map { routes.sieves[$0].concernsOrigins } ?? true
    let stretches = stretchesByStream()
    if common != nil, !checksOrigins, isAll, areConsecutive(stretches) {
      positions = SharedColumns.positions
      for stretch in stretches { addSpan(stretch.stream, trimmed(stretch, first, last)) }
      return
    }
    selected.count = 0
    selected.reserve(block.count)
    positions = UnsafePointer(selected.base)
    for stretch in stretches {
      let start = selected.count
      let range = trimmed(stretch, first, last)
      if common != nil, !checksOrigins {
        selectWanted(range, isAll)
      } else if let common {
        let origins = UnsafePointer(admittedOrigins.base) + common * block.origins.count
        selectWanted(range, by: origins)
      } else {
        selectSieved(range)
      }
      addSpan(stretch.stream, start..<selected.count)
    }
  }

  /// Adds selected events of a stream, to its last span if they directly follow it.
  private func addSpan(_ stream: UInt32, _ range: Range<Int>) {
    guard !range.isEmpty else { return }
    if let last = spans.last, last.stream == stream, last.range.upperBound == range.lowerBound,
      ticks(at: range.lowerBound) >= ticks(at: last.range.upperBound - 1)
    {
      spans[spans.count - 1].range = last.range.lowerBound..<range.upperBound
    } else {
      spans.append(Span(stream: stream, range: range))
    }
  }

  private func ticks(at selection: Int) -> UInt64 { block.ticks[Int(positions[selection])] }

  /// Whether the stretches contain the block's events in their order.
  private func areConsecutive(_ stretches: [Stretch]) -> Bool {
    var end = 0
    for stretch in stretches {
      guard stretch.start == end else { return false }
      end = stretch.end
    }
    return end <= FileLayout.blockEventsMax
  }

  /// Evaluates each sieve on the block's origins.
  private func sieve(_ sieves: [EventSieve]) {
    sieveTicks.count = 0
    admittedOrigins.count = 0
    admittedOrigins.reserve(sieves.count * block.origins.count)
    for sieve in sieves {
      sieveTicks.append((sieve.first, sieve.last))
      let concernsOrigins = sieve.concernsOrigins
      for origin in 0..<block.origins.count {
        admittedOrigins.append(!concernsOrigins || sieve.admits(block.origins[origin]))
      }
    }
  }

  /// Returns the stretches grouped by stream, in the order in which they were written.
  private func stretchesByStream() -> [Stretch] {
    let stretches = block.stretches
    guard stretches.count > 1 else { return stretches }
    let order = stretches.indices.sorted {
      (stretches[$0].stream, $0) < (stretches[$1].stream, $1)
    }
    return order.map { stretches[$0] }
  }

  /// Returns the part of a stretch between two tick counts.
  private func trimmed(_ stretch: Stretch, _ first: UInt64, _ last: UInt64) -> Range<Int> {
    let ticks = block.ticks.base
    var start = stretch.start
    var end = stretch.end
    if ticks[start] < first || ticks[end - 1] > last {
      while start < end, ticks[start] < first { start += 1 }
      while end > start, ticks[end - 1] > last { end -= 1 }
    }
    return start..<end
  }

  private func selectWanted(_ range: Range<Int>, _ isAll: Bool) {
    let target = selected.base
    var count = selected.count
    if isAll {
      for position in range {
        target[count] = UInt32(truncatingIfNeeded: position)
        count &+= 1
      }
    } else {
      let types = block.types.base
      let isWanted = isWanted
      for position in range where isWanted[Int(types[position])] {
        target[count] = UInt32(truncatingIfNeeded: position)
        count &+= 1
      }
    }
    selected.count = count
  }

  private func selectWanted(_ range: Range<Int>, by admitted: UnsafePointer<Bool>) {
    let types = block.types.base
    let origins = block.originIndexes.base
    let target = selected.base
    var count = selected.count
    let isWanted = isWanted
    for position in range
    where isWanted[Int(types[position])] && admitted[Int(origins[position])] {
      target[count] = UInt32(truncatingIfNeeded: position)
      count &+= 1
    }
    selected.count = count
  }

  /// Selects events of types with different filters: those that pass any filter of their type.
  private func selectSieved(_ range: Range<Int>) {
    let (types, ticks) = (block.types.base, block.ticks.base)
    let origins = block.originIndexes.base
    let sieves = wanted.map { $0?.sieves ?? [] }
    let admission = admission
    for position in range {
      let (moment, origin) = (ticks[position], Int(origins[position]))
      for sieve in sieves[Int(types[position])] where admission.admits(sieve, moment, origin) {
        selected.append(UInt32(truncatingIfNeeded: position))
        break
      }
    }
  }

  // MARK: Merging

  /// Returns one cursor per stream, or more for a stream whose time goes back, over the selected
  /// events of a range of ticks.
  func cursors(slot: Int, order: UInt32, ticks due: ClosedRange<UInt64>) -> [Cursor] {
    let cursors = spans.compactMap { span -> Cursor? in
      let range = part(of: span, in: due)
      guard !range.isEmpty else { return nil }
      return Cursor(
        next: positions + range.lowerBound, end: positions + range.upperBound,
        ticks: block.ticks.base, types: block.types.base,
        rank: UInt64(span.stream) << 32 | UInt64(order), key: UInt64(slot) << 16)
    }
    cursorCount = cursors.count
    return cursors
  }

  private func part(of span: Span, in due: ClosedRange<UInt64>) -> Range<Int> {
    if due == 0...UInt64.max { return span.range }
    let start = firstSelection(of: span.range) { $0 >= due.lowerBound }
    return start..<firstSelection(of: start..<span.range.upperBound) { $0 > due.upperBound }
  }

  /// Returns the first selected event whose ticks fulfill a condition that all later ones fulfill.
  private func firstSelection(of range: Range<Int>, _ condition: (UInt64) -> Bool) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if condition(ticks(at: middle)) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  func makeBatches(
    _ routes: RouteTable, clock: UnsafeBufferPointer<ClockSegment>, startUnixNanoseconds: Int64
  ) {
    batches.count = 0
    let admission = admission
    for (index, route) in wanted.enumerated() {
      batches.append(
        EventBatch(
          positions: block.rows.base, count: 0, ticks: block.ticks.base,
          rows: block.rows.base, originIndexes: block.originIndexes.base,
          origins: block.origins.base, flags: block.flags.base, stacks: block.stacks.base,
          columns: block.columns(of: index + 1), typeIndex: route?.typeIndex ?? 0,
          clock: clock, startUnixNanoseconds: startUnixNanoseconds,
          handlers: route?.handlers ?? routes.noHandlers, handlerCount: route?.handlerCount ?? 0,
          admission: admission))
    }
  }
}
