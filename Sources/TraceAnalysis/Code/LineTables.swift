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
  }

  private struct Key: Hashable {
    var generation: UInt32
    var start: UInt64
  }

  /// Rows of all tables together; what comes after is not kept.
  static let rowsMax = 1 << 24

  private let rows = Slab<Row>()
  private var tables: [Key: [Table]] = [:]
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
    tables[Key(generation: generation, start: start), default: []].append(
      Table(time: time, identity: identity, first: first, count: added.count))
  }

  func line(_ code: CodeRow, generation: UInt32, offset: UInt64) -> SourceLine? {
    guard let known = tables[Key(generation: generation, start: code.start)] else { return nil }
    var best: Table?
    var distance = UInt64.max
    for table in known
    where table.identity == code.identity || table.identity == 0 || code.identity == 0 {
      // A table comes with its code, or shortly before or after.
      let away =
        table.time < code.from
        ? code.from.distance(from: table.time)
        : table.time > code.until ? table.time.distance(from: code.until) : 0
      if best == nil || away < distance { (best, distance) = (table, away) }
    }
    guard let best else { return nil }
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
