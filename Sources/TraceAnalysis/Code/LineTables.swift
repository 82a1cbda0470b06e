internal import TraceSymbols

/// Source lines of pieces of code, as reported by runtimes.
///
/// A table belongs to one lifetime of its code. It is found by the code's start and handle; of
/// several such tables, the one nearest in time is used.
struct LineTables {
  struct Row: BitwiseCopyable {
    /// Offset in bytes from the code's start.
    var offset: UInt32
    /// Line number, from 1; 0 if there is none.
    var line: UInt32
    var file: UInt32
  }

  private struct Table {
    /// Time in nanoseconds.
    var time: Int64
    var identity: UInt64
    var first: Int
    var count: Int

    /// Whether the table may belong to this code. Without a handle, only the time distinguishes
    /// tables.
    func fits(_ code: CodeRow) -> Bool {
      identity == code.identity || identity == 0 || code.identity == 0
    }
  }

  /// Tables for one start address.
  private struct Tables {
    var all: [Table] = []
    /// Whether the tables are sorted by time, and those of equal time by arrival.
    var isSorted = true

    mutating func add(_ table: Table) {
      if let last = all.last, table.time < last.time { isSorted = false }
      all.append(table)
    }

    mutating func sort() {
      all.sort { $0.time < $1.time }
      isSorted = true
    }

    /// Returns the table that came with the code or is nearest to its lifetime; of several, the
    /// earliest.
    ///
    /// Cost: O(log n), and one step per table of other code that is nearer.
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

  /// Maximum number of rows in all tables; later ones are dropped.
  static let rowsMax = 1 << 24
  /// Maximum number of tables of other code skipped on either side of a time. An address has one
  /// code at a time, so a longer run of such tables is fabricated.
  static let stepsMax = 1024

  private let rows = Slab<Row>()
  private var tables: [Key: Tables] = [:]
  private var files: [String] = []
  private var numbers: [String: UInt32] = [:]
  /// Number of tables dropped because the limit was reached.
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

  /// Mutating because it sorts tables that arrived out of order; see `Tables`.
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
  /// Returns the distance from an earlier time.
  fileprivate func distance(from earlier: Int64) -> UInt64 {
    UInt64(bitPattern: self &- earlier)
  }
}
