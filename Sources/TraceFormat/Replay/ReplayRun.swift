internal import TraceEvents

/// One pass of a replay: opens blocks by their first ticks, merges their streams, and hands out what
/// follows each other in batches.
final class ReplayRun {
  private let replay: Replay
  private let file: TraceFile
  private let routes: RouteTable
  private let ticksRange: ClosedRange<UInt64>
  private let clock: UnsafeMutableBufferPointer<ClockSegment>

  /// Positions of the blocks to come, by first ticks, last first.
  private var blocksToCome: [Int] = []
  private var losses: LossQueue
  private var slots: [ActiveBlock?] = []
  private var freeSlots: [Int] = []
  /// Blocks that were used and may be filled again.
  private var spares: [ActiveBlock] = []
  private var activeBytes = 0
  private var heap = CursorHeap()

  /// Events in time order that are not handed out yet: position in the block, and slot << 16 | type.
  private static let pendingMax = 4096
  private var positions = GrowingBuffer<UInt32>(capacity: pendingMax)
  private var keys = GrowingBuffer<UInt64>(capacity: pendingMax)
  private var lastTicks: UInt64 = 0

  init(_ replay: Replay, blocks: Range<Int>) {
    self.replay = replay
    file = replay.file
    routes = RouteTable(replay)
    replay.unreadableTypes = routes.unreadable
    clock = .allocate(capacity: file.clock.segments.count)
    _ = clock.initialize(from: file.clock.segments)
    if let time = replay.filter.time {
      let first = file.clock.ticks(ofTimestamp: time.lowerBound)
      let afterLast =
        time.upperBound == .max ? .max : file.clock.ticks(ofTimestamp: time.upperBound + 1)
      ticksRange = first...max(first, afterLast == .max ? .max : max(afterLast, 1) - 1)
    } else {
      ticksRange = 0...UInt64.max
    }
    losses = LossQueue(
      file, blocks: replay.lossHandlers.isEmpty ? 0..<0 : blocks, ticks: ticksRange)
    let index = file.index
    blocksToCome = blocks.filter { position in
      let entry = index.blocks[position]
      return entry.kind == BlockKind.events && entry.last >= ticksRange.lowerBound
        && entry.first <= ticksRange.upperBound
        && entry.types.contains { routes.isWantedOrUnknown(index.typeRefs[$0]) }
    }
    blocksToCome.sort {
      (index.blocks[$0].first, $0) > (index.blocks[$1].first, $1)
    }
  }

  deinit { clock.deallocate() }

  func handOut() throws {
    while true {
      try openBlocks()
      guard let top = heap.top else { break }
      if losses.nextTicks <= top.ticks { try handOutLosses(upTo: top.ticks) }
      if top.ticks < lastTicks { replay.isOrdered = false }
      emitRun()
      if keys.count > Self.pendingMax - 64 { try flush() }
      try retire()
    }
    try flush()
    try handOutLosses(upTo: .max)
  }

  // MARK: Merging

  /// Takes events from the first cursor as long as no other stream, block or loss comes before.
  private func emitRun() {
    var bound = heap.secondBound
    if let next = blocksToCome.last, activeBytes <= replay.memoryBytesMax {
      bound = min(bound, file.index.blocks[next].first)
    }
    bound = min(bound, losses.nextTicks)
    var cursor = heap.cursors[0]
    let key = UInt64(cursor.slot) &<< 16
    let room = Self.pendingMax &- keys.count
    let last = cursor.end - cursor.next > room ? cursor.next + room : cursor.end
    let positionsOut = positions.base + positions.count
    let keysOut = keys.base + keys.count
    var count = 0
    var next = cursor.next
    // The first event comes whatever the bound: it was chosen as the earliest.
    repeat {
      let position = next.pointee
      positionsOut[count] = position
      keysOut[count] = key | UInt64(cursor.typesOfBlock[Int(position)])
      count &+= 1
      next += 1
    } while next < last && cursor.ticksOfBlock[Int(next.pointee)] < bound
    positions.count &+= count
    keys.count &+= count
    lastTicks = cursor.ticksOfBlock[Int((next - 1).pointee)]
    cursor.next = next
    if next < cursor.end { cursor.ticks = cursor.ticksOfBlock[Int(next.pointee)] }
    heap.replaceTop(cursor)
  }

  /// Removes a cursor that is at its end, and its block with the last of them.
  private func retire() throws {
    guard let top = heap.exhausted else { return }
    heap.removeExhausted()
    let slot = Int(top.slot)
    guard let active = slots[slot] else { return }
    active.cursorCount -= 1
    guard active.cursorCount == 0 else { return }
    try flush()
    release(slot)
  }

  private func release(_ slot: Int) {
    guard let active = slots[slot] else { return }
    activeBytes -= active.memoryBytes
    slots[slot] = nil
    freeSlots.append(slot)
    if spares.count < 4 { spares.append(active) }
  }

  // MARK: Blocks

  /// Opens the blocks that may hold the next event.
  private func openBlocks() throws {
    while let position = blocksToCome.last {
      if let top = heap.top {
        guard file.index.blocks[position].first <= top.ticks else { return }
        // Too much overlaps: order gives way to memory.
        guard activeBytes <= replay.memoryBytesMax else { return }
      }
      blocksToCome.removeLast()
      try open(position)
    }
  }

  private func open(_ position: Int) throws {
    let entry = file.index.blocks[position]
    guard let header = try file.readBlock(entry) else { return }
    let active = spares.popLast() ?? ActiveBlock()
    do throws(FormatError) {
      try decode(active, header)
    } catch {
      file.note(error, header, at: entry.offset)
      spares.append(active)
      return
    }
    noteUnknownTypes(active, entry)
    let slot = freeSlots.popLast() ?? slots.count
    if slot == slots.count { slots.append(nil) }
    var cursors: [Cursor] = []
    active.select(
      slot: UInt32(slot), order: UInt32(truncatingIfNeeded: position), ticks: ticksRange,
      filter: replay.filter, into: &cursors)
    slots[slot] = active
    activeBytes += active.memoryBytes
    if cursors.isEmpty { release(slot) }
    for cursor in cursors { heap.insert(cursor) }
  }

  /// Decodes what all events have, then the fields of the types that a handler asks for.
  private func decode(_ active: ActiveBlock, _ header: BlockHeader) throws(FormatError) {
    let block = active.block
    try block.decode(header, file.reader.payload)
    let entries = block.directory?.entries.dropFirst() ?? []
    active.routes.removeAll(keepingCapacity: true)
    for (index, entry) in entries.enumerated() {
      let route = routes.route(entry.ref)
      active.routes.append(route.map(\.index) ?? -1)
      guard let route else { continue }
      try block.decodeFields(of: index + 1, fields: route.fields, file.reader.payload)
    }
    block.settleColumns()
    active.batches.count = 0
    for (index, entry) in entries.enumerated() {
      active.batches.append(
        EventBatch(
          positions: block.stacks.base, count: 0, ticks: block.ticks.base, rows: block.rows.base,
          originIndexes: block.originIndexes.base, origins: block.origins.base,
          flags: block.flags.base, stacks: block.stacks.base, columns: block.columns(of: index + 1),
          typeIndex: routes.route(entry.ref)?.typeIndex ?? 0, clock: UnsafeBufferPointer(clock),
          startUnixNanoseconds: file.startUnixNanoseconds))
    }
  }

  private func noteUnknownTypes(_ active: ActiveBlock, _ entry: BlockEntry) {
    for section in active.block.directory?.entries.dropFirst() ?? []
    where !routes.isKnown(section.ref) {
      file.note(
        "\(section.eventCount) events of type \(section.ref), whose schema is missing",
        entry.offset, payloadBytes: entry.payloadBytes)
    }
  }

  // MARK: Handing out

  /// Hands out what is pending: consecutive events of one type and block as one batch.
  private func flush() throws {
    let count = keys.count
    var start = 0
    while start < count {
      let key = keys.base[start]
      var end = start &+ 1
      while end < count, keys.base[end] == key { end &+= 1 }
      try handOut(key, start, end)
      start = end
    }
    keys.count = 0
    positions.count = 0
  }

  private func handOut(_ key: UInt64, _ start: Int, _ end: Int) throws {
    let type = Int(key & 0xffff)
    guard let active = slots[Int(key &>> 16)] else { return }
    let handlers = routes.handlers[active.routes[type]]
    var batch = active.batches[type]
    if handlers.count == 1 {
      batch.positions = UnsafePointer(positions.base) + start
      batch.count = end - start
      try handlers[0](batch)
      return
    }
    // Every handler sees an event before any sees the next.
    batch.count = 1
    for index in start..<end {
      batch.positions = UnsafePointer(positions.base) + index
      for handler in handlers { try handler(batch) }
    }
  }

  private func handOutLosses(upTo ticks: UInt64) throws {
    guard losses.nextTicks <= ticks, !losses.isEmpty else { return }
    try flush()
    while let loss = try losses.next(upTo: ticks) {
      for handler in replay.lossHandlers { try handler(loss) }
    }
  }
}
