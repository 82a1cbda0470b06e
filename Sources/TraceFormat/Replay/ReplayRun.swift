internal import TraceEvents

/// One pass of a replay: opens blocks by their first ticks, merges their streams, and hands out
/// what follows each other in batches.
final class ReplayRun {
  private let replay: Replay
  private let file: TraceFile
  private let routes: RouteTable
  private let ticksRange: ClosedRange<UInt64>
  private var clock = GrowingBuffer<ClockSegment>()

  /// Positions of the blocks to come, by first ticks, last first.
  private var blocksToCome: [Int]
  private var losses: LossQueue
  private var slots: [ActiveBlock?] = []
  /// Of each slot's block, the batch to fill in for each of its types.
  private var batchTables = GrowingBuffer<UnsafePointer<EventBatch>>(capacity: 16)
  private var freeSlots: [Int] = []
  /// Blocks that were used and may be filled again.
  private var spares: [ActiveBlock] = []
  private var activeBytes = 0
  private var heap = CursorHeap()

  private var pending = PendingEvents()
  /// Where the earliest block to come begins; .max when there is none.
  private var nextBlockTicks: UInt64
  private let memoryBytesMax: Int
  /// Where the blocks lie that were opened.
  private var opened: Set<UInt64> = []

  init(_ replay: Replay, blocks: Range<Int>) {
    let file = replay.file
    let routes = RouteTable(replay)
    let ticks = Self.ticksRange(replay.filter, file.clock)
    self.replay = replay
    self.file = file
    self.routes = routes
    ticksRange = ticks
    memoryBytesMax = replay.memoryBytesMax
    replay.unreadableTypes = routes.unreadable
    for segment in file.clock.segments { clock.append(segment) }
    losses = LossQueue(file, blocks: replay.lossHandlers.isEmpty ? 0..<0 : blocks, ticks: ticks)
    let index = file.index
    var selected = blocks.filter { position in
      let entry = index.blocks[position]
      return entry.kind == BlockKind.events && entry.last >= ticks.lowerBound
        && entry.first <= ticks.upperBound
        && entry.types.contains { routes.isWantedOrUnknown(index.typeRefs[$0]) }
    }
    selected.sort { (index.blocks[$0].first, $0) > (index.blocks[$1].first, $1) }
    blocksToCome = selected
    nextBlockTicks = selected.last.map { index.blocks[$0].first } ?? .max
  }

  private static func ticksRange(
    _ filter: ReplayFilter, _ clock: ClockMap
  ) -> ClosedRange<UInt64> {
    guard let time = filter.time else { return 0...UInt64.max }
    let first = clock.ticks(ofTimestamp: time.lowerBound)
    guard time.upperBound < .max else { return first...UInt64.max }
    let afterLast = clock.ticks(ofTimestamp: time.upperBound + 1)
    return first...max(first, afterLast == .max ? .max : max(afterLast, 1) - 1)
  }

  func handOut() throws {
    while true {
      try openBlocks()
      guard !heap.isEmpty else { break }
      if losses.nextTicks <= heap.nextTicks { try handOutLosses(upTo: heap.nextTicks) }
      try merge()
    }
    try flush()
    try handOutLosses(upTo: .max)
    try checkUnreadBlocks()
  }

  /// An index that is wrong about a block keeps its events from being handed out: that is damage.
  private func checkUnreadBlocks() throws {
    try file.checkUnreadBlocks { [opened] in opened.contains($0.offset) }
  }

  // MARK: Merging

  /// Merges up to the next block, loss, or end of a stream in a block.
  private func merge() throws {
    // Too much overlaps: order gives way to memory.
    var bound = activeBytes <= memoryBytesMax ? nextBlockTicks : .max
    bound = min(bound, losses.nextTicks)
    if heap.nextTicks < pending.lastTicks { replay.isOrdered = false }
    let exhausted = heap.merge(into: &pending, before: bound)
    guard let slot = exhausted, let active = slots[slot] else {
      if pending.room == 0 { try flush() }
      return
    }
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
      guard heap.isEmpty || (nextBlockTicks <= heap.nextTicks && activeBytes <= memoryBytesMax)
      else { return }
      blocksToCome.removeLast()
      nextBlockTicks = blocksToCome.last.map { file.index.blocks[$0].first } ?? .max
      try open(position)
    }
  }

  private func open(_ position: Int) throws {
    let entry = file.index.blocks[position]
    opened.insert(entry.offset)
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
    if slot == slots.count {
      slots.append(nil)
      batchTables.append(UnsafePointer(active.batches.base))
    }
    var cursors: [Cursor] = []
    active.select(
      slot: slot, order: UInt32(truncatingIfNeeded: position), ticks: ticksRange,
      filter: replay.filter, into: &cursors)
    slots[slot] = active
    batchTables[slot] = UnsafePointer(active.batches.base)
    activeBytes += active.memoryBytes
    if cursors.isEmpty { release(slot) }
    for cursor in cursors { heap.insert(cursor) }
  }

  /// Decodes what all events have, then the fields of the types that a handler asks for.
  private func decode(_ active: ActiveBlock, _ header: BlockHeader) throws(FormatError) {
    let block = active.block
    try block.decode(header, file.reader.payload)
    let entries = block.directory?.entries.dropFirst() ?? []
    active.isWanted.removeAll(keepingCapacity: true)
    for (index, entry) in entries.enumerated() {
      let route = routes.route(entry.ref)
      active.isWanted.append(route != nil)
      guard let route else { continue }
      try block.decodeFields(of: index + 1, fields: route.fields, file.reader.payload)
    }
    block.settleColumns()
    active.batches.count = 0
    for (index, entry) in entries.enumerated() {
      let route = routes.route(entry.ref)
      active.batches.append(
        EventBatch(
          positions: UnsafePointer(block.rows.base), count: 0, ticks: block.ticks.base,
          rows: block.rows.base, originIndexes: block.originIndexes.base,
          origins: block.origins.base, flags: block.flags.base, stacks: block.stacks.base,
          columns: block.columns(of: index + 1), typeIndex: route?.typeIndex ?? 0,
          clock: UnsafeBufferPointer(start: clock.base, count: clock.count),
          startUnixNanoseconds: file.startUnixNanoseconds,
          handlers: route?.handlers ?? routes.noHandlers, handlerCount: route?.handlerCount ?? 0))
    }
  }

  private func noteUnknownTypes(_ active: ActiveBlock, _ entry: BlockEntry) {
    for section in active.block.directory?.entries.dropFirst() ?? []
    where !routes.isKnown(section.ref) {
      file.noteUndefined(section, entry.offset, payloadBytes: entry.payloadBytes)
    }
  }

  // MARK: Handing out

  /// Hands out what is pending: consecutive events of one type and block as one batch.
  private func flush() throws {
    // Copies of what the loop needs: a class's properties cost a check at every access.
    let count = pending.count
    let keys = pending.keys.base
    let positions = UnsafePointer(pending.positions.base)
    let tables = batchTables.base
    pending.removeAll()
    var start = 0
    while start < count {
      let key = keys[start]
      var end = start &+ 1
      while end < count, keys[end] == key { end &+= 1 }
      var batch = tables[Int(key &>> 16)][Int(key & 0xffff)]
      batch.positions = positions + start
      batch.count = end - start
      try batch.handOut()
      start = end
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
