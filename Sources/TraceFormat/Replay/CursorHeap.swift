/// The merge's cursors as a binary heap: the one with the earliest event is first.
struct CursorHeap: ~Copyable {
  private(set) var cursors = GrowingBuffer<Cursor>(capacity: 16)
  /// A cursor that ``replaceTop(_:)`` found at its end; it still is the first.
  private(set) var exhausted: Cursor?

  var top: Cursor? { cursors.count > 0 ? cursors[0] : nil }

  /// Events of the first cursor below these ticks come before every other cursor's.
  var secondBound: UInt64 {
    guard cursors.count > 1 else { return .max }
    var second = cursors[1]
    if cursors.count > 2, Cursor.precedes(cursors[2], second) { second = cursors[2] }
    let winsTie = (cursors[0].stream, cursors[0].order) < (second.stream, second.order)
    return winsTie && second.ticks < .max ? second.ticks + 1 : second.ticks
  }

  mutating func insert(_ cursor: Cursor) {
    cursors.append(cursor)
    var child = cursors.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Cursor.precedes(cursor, cursors[parent]) else { break }
      cursors[child] = cursors[parent]
      child = parent
    }
    cursors[child] = cursor
  }

  /// The first cursor has moved on.
  @inline(__always)
  mutating func replaceTop(_ cursor: Cursor) {
    if cursor.next == cursor.end {
      exhausted = cursor
    } else {
      sink(cursor)
    }
  }

  mutating func removeExhausted() {
    exhausted = nil
    cursors.count -= 1
    if cursors.count > 0 { sink(cursors[cursors.count]) }
  }

  /// Puts a cursor in place of the first, and down to where it belongs.
  @inline(__always)
  private mutating func sink(_ cursor: Cursor) {
    let count = cursors.count
    let base = cursors.base
    var parent = 0
    while true {
      var child = 2 &* parent &+ 1
      guard child < count else { break }
      if child &+ 1 < count, Cursor.precedes(base[child &+ 1], base[child]) { child &+= 1 }
      guard Cursor.precedes(base[child], cursor) else { break }
      base[parent] = base[child]
      parent = child
    }
    base[parent] = cursor
  }
}
