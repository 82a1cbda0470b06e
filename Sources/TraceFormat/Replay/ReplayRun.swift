internal import TraceEvents

/// One pass of a replay. Opens blocks in the order of their first ticks, merges their streams, and
/// delivers consecutive events in batches.
final class ReplayRun {
  private let replay: Replay
  private let file: TraceFile
  private let routes: RouteTable
  private let scope: ReplayScope
  private var clock = GrowingBuffer<ClockSegment>()

  /// Positions of the blocks not yet opened, in descending order of first ticks.
  private var blocksToCome: [Int]
  private var losses: LossQueue
  private var slots: [ActiveBlock?] = []
  /// Batch templates of each slot's block, by type.
  private var batchTables = GrowingBuffer<UnsafePointer<EventBatch>>(capacity: 16)
  private var freeSlots: [Int] = []
  /// Decoder of the blocks not yet opened.
  private let ahead: BlocksAhead
  private var activeBytes = 0
  private var heap = CursorHeap()

  private var pending = PendingEvents()
  /// First ticks of the earliest unopened block; .max if there is none.
  private var nextBlockTicks: UInt64
  private let memoryBytesMax: Int

  init(_ replay: Replay, _ scope: ReplayScope) {
    let file = replay.file
    let routes = RouteTable(replay)
    self.replay = replay
    self.file = file
    self.routes = routes
    self.scope = scope
    memoryBytesMax = replay.memoryBytesMax
    replay.unreadableTypes = routes.unreadable
    for segment in file.clock.segments { clock.append(segment) }
    let ticks = replay.filter.time.map { file.clock.ticks(of: $0) } ?? 0...UInt64.max
    losses = LossQueue(file, replay.lossHandlers.isEmpty ? nil : scope, ticks: ticks)
    let index = file.index
    var selected = scope.blocks.filter { position in
      let entry = index.blocks[position]
      return entry.kind == BlockKind.events && entry.first <= scope.through
        && entry.types.contains {
          routes.wants(index.typeRefs[$0], between: entry.first, entry.last)
        }
    }
    selected.sort { (index.blocks[$0].first, $0) > (index.blocks[$1].first, $1) }
    blocksToCome = selected
    nextBlockTicks = selected.last.map { index.blocks[$0].first } ?? .max
    ahead = BlocksAhead(
      file, routes, selected.reversed().map { index.blocks[$0] }, threads: replay.decodingThreads)
  }

  func handOut() throws {
    defer { ahead.stop() }
    while true {
      try openBlocks()
      guard !heap.isEmpty else { break }
      if losses.nextTicks <= heap.nextTicks { try handOutLosses(upTo: heap.nextTicks) }
      try merge()
    }
    try flush()
    try handOutLosses(upTo: .max)
  }

  // MARK: Merging

  /// Merges up to the next block, the next loss, or the end of a stream in a block.
  private func merge() throws {
    // Too many blocks overlap: give up order to bound memory.
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
    ahead.recycle(active)
  }

  // MARK: Blocks

  /// Opens the blocks that may contain the next event.
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
    let active = try ahead.take()
    if let fault = active.fault {
      switch fault {
      case .unusable(let reason): file.note(reason, entry)
      case .broken(let error, let header): file.note(error, header, at: entry.offset)
      }
      return ahead.recycle(active)
    }
    for type in active.unknownTypes {
      file.noteUndefined(
        ref: type.ref, count: type.count, entry.offset, payloadBytes: entry.payloadBytes)
    }
    let slot = freeSlots.popLast() ?? slots.count
    let cursors = active.cursors(
      slot: slot, order: UInt32(truncatingIfNeeded: position),
      ticks: scope.ticks(ofBlock: position))
    active.makeBatches(
      routes, clock: UnsafeBufferPointer(start: clock.base, count: clock.count),
      startUnixNanoseconds: file.startUnixNanoseconds)
    if slot == slots.count {
      slots.append(nil)
      batchTables.append(UnsafePointer(active.batches.base))
    }
    slots[slot] = active
    batchTables[slot] = UnsafePointer(active.batches.base)
    activeBytes += active.memoryBytes
    if cursors.isEmpty { release(slot) }
    for cursor in cursors { heap.insert(cursor) }
  }

  // MARK: Handing out

  /// Delivers the pending events: consecutive events of one type and block form one batch.
  private func flush() throws {
    // Local copies avoid exclusivity checks on properties in the loop.
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
