/// The position of a merge in one stream of one block.
struct Cursor {
  /// Positions of the remaining selected events.
  var next: UnsafePointer<UInt32>
  var end: UnsafePointer<UInt32>
  /// Ticks of all the block's events, by position.
  var ticks: UnsafePointer<UInt64>
  var types: UnsafePointer<UInt16>
  /// Order among equal ticks, lowest first: the stream, then the block's position in the file.
  var rank: UInt64
  /// The block's slot, shifted to its place in an event's key.
  var key: UInt64

  var slot: Int { Int(key &>> 16) }
}

/// The merge's cursors and a binary heap over them, with the earliest event first.
struct CursorHeap: ~Copyable {
  // Not private: the 6.3 compiler fails on a private type in a buffer of a type that is used
  // elsewhere.
  struct Entry {
    var ticks: UInt64
    var rank: UInt64
    var cursor: Int

    @inline(__always)
    static func precedes(_ a: Entry, _ b: Entry) -> Bool {
      a.ticks != b.ticks ? a.ticks < b.ticks : a.rank < b.rank
    }
  }

  private var entries = GrowingBuffer<Entry>(capacity: 16)
  private var cursors = GrowingBuffer<Cursor>(capacity: 16)
  private var freeCursors = GrowingBuffer<Int>(capacity: 16)

  var isEmpty: Bool { entries.count == 0 }

  /// Ticks of the earliest event; .max if there is none.
  var nextTicks: UInt64 { entries.count > 0 ? entries[0].ticks : .max }

  mutating func insert(_ cursor: Cursor) {
    var position = cursors.count
    if freeCursors.count > 0 {
      freeCursors.count -= 1
      position = freeCursors[freeCursors.count]
      cursors[position] = cursor
    } else {
      cursors.append(cursor)
    }
    let entry = Entry(
      ticks: cursor.ticks[Int(cursor.next.pointee)], rank: cursor.rank, cursor: position)
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Entry.precedes(entry, entries[parent]) else { break }
      entries[child] = entries[parent]
      child = parent
    }
    entries[child] = entry
  }

  /// Appends the earliest events to `batch`, in order, while they precede `bound` and there is
  /// room. The first event is appended even if it does not precede `bound`.
  ///
  /// - Returns: the slot of a cursor that reached its end and was removed. Merging stops there.
  mutating func merge(
    into batch: inout PendingEvents, before bound: UInt64
  ) -> Int? {
    if entries.count == 2 { return mergeTwo(into: &batch, before: bound) }
    let base = entries.base
    var isFirst = true
    while batch.room > 0 {
      let top = base[0]
      guard top.ticks < bound || isFirst else { return nil }
      isFirst = false
      let cursor = cursors.base + top.cursor
      let stop = min(bound, secondBound(rank: top.rank))
      cursor.pointee.next = batch.take(cursor.pointee, before: stop)
      if cursor.pointee.next == cursor.pointee.end { return removeTop() }
      sink(
        Entry(
          ticks: cursor.pointee.ticks[Int(cursor.pointee.next.pointee)], rank: top.rank,
          cursor: top.cursor))
    }
    return nil
  }

  /// Merges two cursors, the most common number, with all state in registers.
  private mutating func mergeTwo(
    into batch: inout PendingEvents, before bound: UInt64
  ) -> Int? {
    let first = cursors.base + entries[0].cursor
    let second = cursors.base + entries[1].cursor
    let (a, b) = (first.pointee, second.pointee)
    let winsTie = entries[0].rank < entries[1].rank
    var (nextA, nextB) = (a.next, b.next)
    var (ticksA, ticksB) = (entries[0].ticks, entries[1].ticks)
    var room = batch.room
    // The first event is taken regardless of the bound.
    var limit = UInt64.max
    while room > 0, nextA < a.end, nextB < b.end {
      let isA = ticksA < ticksB || (ticksA == ticksB && winsTie)
      guard (isA ? ticksA : ticksB) < limit || limit == .max else { break }
      limit = bound
      room &-= 1
      if isA {
        batch.add(a, nextA.pointee, ticksA)
        nextA += 1
        if nextA < a.end { ticksA = a.ticks[Int(nextA.pointee)] }
      } else {
        batch.add(b, nextB.pointee, ticksB)
        nextB += 1
        if nextB < b.end { ticksB = b.ticks[Int(nextB.pointee)] }
      }
    }
    first.pointee.next = nextA
    second.pointee.next = nextB
    entries[0].ticks = ticksA
    entries[1].ticks = ticksB
    if nextA == a.end { return removeTop() }
    if nextB == b.end {
      swapTwo()
      return removeTop()
    }
    if Entry.precedes(entries[1], entries[0]) { swapTwo() }
    return nil
  }

  private mutating func swapTwo() {
    let first = entries[0]
    entries[0] = entries[1]
    entries[1] = first
  }

  /// Returns the ticks below which the first cursor's events precede those of all other cursors.
  @inline(__always)
  private func secondBound(rank: UInt64) -> UInt64 {
    let base = entries.base
    guard entries.count > 1 else { return .max }
    var second = base[1]
    if entries.count > 2, Entry.precedes(base[2], second) { second = base[2] }
    return rank < second.rank && second.ticks < .max ? second.ticks &+ 1 : second.ticks
  }

  private mutating func removeTop() -> Int {
    let cursor = entries[0].cursor
    freeCursors.append(cursor)
    entries.count -= 1
    if entries.count > 0 { sink(entries[entries.count]) }
    return cursors[cursor].slot
  }

  /// Replaces the first entry and moves the new one down to its position.
  @inline(__always)
  private mutating func sink(_ entry: Entry) {
    let count = entries.count
    let base = entries.base
    var parent = 0
    while true {
      var child = 2 &* parent &+ 1
      guard child < count else { break }
      if child &+ 1 < count, Entry.precedes(base[child &+ 1], base[child]) { child &+= 1 }
      guard Entry.precedes(base[child], entry) else { break }
      base[parent] = base[child]
      parent = child
    }
    base[parent] = entry
  }
}
