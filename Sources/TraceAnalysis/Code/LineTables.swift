internal import TraceSymbols

/// Which source lines pieces of code come from, as runtimes tell it.
///
/// A table belongs to one life of its code: it is found by where the code begins and what handle
/// it has, and of several by the time that is nearest.
struct LineTables {
  struct Row: BitwiseCopyable {
    /// Bytes after the code's start.
    var offset: UInt32
    /// From 1; 0 where there is none.
    var line: UInt32
    var file: UInt32
  }

  private struct Table {
    /// Nanoseconds.
    var time: Int64
    var identity: UInt64
    var first: Int
    var count: Int

    /// Whether it may be this code's. Who has no handle is told from others by the time alone.
    func fits(_ code: CodeRow) -> Bool {
      identity == code.identity || identity == 0 || code.identity == 0
    }
  }

  /// What there is for one start of code.
  private struct Tables {
    var all: [Table] = []
    /// Whether they are in order of time, and the rest of the last one's time in order of arrival.
    var isSorted = true

    mutating func add(_ table: Table) {
      if let last = all.last, table.time < last.time { isSorted = false }
      all.append(table)
    }

    mutating func sort() {
      all.sort { $0.time < $1.time }
      isSorted = true
    }

    /// The one that came with the code, or is nearest to its life; of several the earliest.
    ///
    /// Cost: O(log n), and a step for each table of other code that is nearer.
    func nearest(to code: CodeRow) -> Table? {
      let middle = firstIndex(notBefore: code.from)
      let later = all[middle...].prefix(LineTables.stepsMax).first { $0.fits(code) }
      if let later, later.time <= code.until { return later }
      let earlier = all[..<middle].suffix(LineTables.stepsMax).last { $0.fits(code) }
      guard let later, let earlier else { return later ?? earlier }
      let isLater =
        later.time.distance(from: code.until) < code.from.distance(from: earlier.time)
      return isLater ? later : earlier
    }

    private func firstIndex(notBefore time: Int64) -> Int {
      var low = 0
      var high = all.count
      while low < high {
        let middle = (low + high) / 2
        if all[middle].time < time { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  private struct Key: Hashable {
    var generation: UInt32
    var start: UInt64
  }

  /// Rows of all tables together; what comes after is not kept.
  static let rowsMax = 1 << 24
  /// Tables of other code that are passed over on either side of a time: one address has one code
  /// at a time, so that more than a few are made up.
  static let stepsMax = 1024

  private let rows = Slab<Row>()
  private var tables: [Key: Tables] = [:]
  private var files: [String] = []
  private var numbers: [String: UInt32] = [:]
  /// Tables that were not kept, for want of room.
  private(set) var dropped = 0

  mutating func number(ofFile file: String) -> UInt32 {
    if let known = numbers[file] { return known }
    let number = UInt32(files.count)
    files.append(file)
    numbers[file] = number
    return number
  }

  mutating func add(
    _ added: [Row], generation: UInt32, start: UInt64, identity: UInt64, at time: Int64
  ) {
    guard !added.isEmpty else { return }
    guard rows.count + added.count <= Self.rowsMax else {
      dropped += 1
      return
    }
    let first = rows.count
    for row in added.sorted(by: { $0.offset < $1.offset }) { _ = rows.append(row) }
    tables[Key(generation: generation, start: start), default: Tables()].add(
      Table(time: time, identity: identity, first: first, count: added.count))
  }

  /// Puts tables in order if they came out of it, so mutates; see `Tables`.
  mutating func line(_ code: CodeRow, generation: UInt32, offset: UInt64) -> SourceLine? {
    let key = Key(generation: generation, start: code.start)
    guard let known = tables[key] else { return nil }
    if !known.isSorted { tables[key]?.sort() }
    guard let best = tables[key]?.nearest(to: code) else { return nil }
    var low = 0
    var high = best.count
    while low < high {
      let middle = (low + high) / 2
      if UInt64(rows[best.first + middle].offset) <= offset {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low > 0 else { return nil }
    let row = rows[best.first + low - 1]
    guard row.line > 0, Int(row.file) < files.count else { return nil }
    return SourceLine(file: files[Int(row.file)], line: row.line)
  }
}

extension Int64 {
  /// How much later this is.
  fileprivate func distance(from earlier: Int64) -> UInt64 {
    UInt64(bitPattern: self &- earlier)
  }
}
