/// Code that one source announced in one process: the latest occupant of each address, and the
/// lifetimes of all occupants.
///
/// - Guarantee: lifetimes are well formed for any announcements in any order, and the latest one to
///   begin before a time takes precedence at that time.
/// - Cost: O(log n) per announcement, and the same again per piece that it displaces.
final class CodeSpace {
  /// Rules that depend on the kind of source.
  struct Rules {
    /// Whether reusing a part of a range ends the whole row. True for methods, false for images.
    var endsWhole = true
    /// Maximum delay of an announcement (nanoseconds).
    var slack: Int64 = 1_000_000_000
  }

  /// Maximum number of pieces with which an out-of-order announcement is compared. Beyond that, the
  /// announcement is treated as in order. Without a limit, crafted announcements could take
  /// quadratic time.
  static let outOfOrderMax = 1024

  let rows: Slab<CodeRow>
  let rules: Rules
  // One thread at a time changes a space.
  @exclusivity(unchecked) var pieces = PieceMap()
  /// Rows of this space in order of arrival.
  @exclusivity(unchecked) private(set) var own: [UInt32] = []
  /// Replaces the pieces once the space is complete.
  @exclusivity(unchecked) private(set) var index: VersionIndex?
  @exclusivity(unchecked) private var latest = Int64.min
  /// The rows if lookups and announcements alternate; replaces `own` and the index.
  let live: LiveRows?
  /// What may have changed since the last ``takeChange()``.
  @exclusivity(unchecked) private var change = SpaceChange()
  /// Number of rows that ended since the rows were last scanned.
  @exclusivity(unchecked) var endedLately = 0

  init(rows: Slab<CodeRow>, rules: Rules, isLive: Bool = false) {
    self.rows = rows
    self.rules = rules
    live = isLive ? LiveRows(rows: rows) : nil
  }

  deinit {
    guard let live else { return }
    live.remove(Set(live.all))
  }

  // MARK: Announcements

  /// Adds code that is in place at `time`. If its beginning is unknown, it has been there since the
  /// former occupant's end.
  func load(_ code: CodeAnnouncement, at told: Int64, knowsBeginning: Bool) {
    if let same = liveRow(like: code) {
      // A repeated announcement. An earlier beginning is accepted if nothing else was there by
      // then.
      if knowsBeginning, told < rows[same].from, rows[same].formerEnd <= told {
        rows[same].from = told
        rows[same].beginDoubt = code.doubt
        noteChange(of: same, from: rows[same].earliest)
        live?.reorder(UInt32(same))
      }
      return
    }
    var traits = code.traits
    if knowsBeginning, isMaybeTheAnnouncement(of: code, at: told) { traits.insert(.doubtful) }
    var time = told
    var survey = survey(code.start, code.end, at: &time)
    let doubt = knowsBeginning ? code.doubt : 0
    retire(&survey, at: time, doubt: doubt)
    let from = knowsBeginning ? time : survey.formerEnd
    var row = CodeRow(
      start: code.start, end: code.end, from: from, until: .max,
      formerEnd: min(from, survey.formerEnd), beginDoubt: doubt, identity: code.identity,
      symbol: code.symbol, traits: traits)
    if survey.nextFrom < .max { row.end(at: survey.nextFrom, doubt: survey.nextDoubt) }
    insert(row, beneath: survey.newer)
  }

  /// Ends code at `time`. Code not known before was live since the former occupant's end.
  func unload(_ code: CodeAnnouncement, at time: Int64) {
    if let piece = pieces.piece(at: code.start) {
      let row = rows[Int(piece.row)]
      // If something else has already taken its place, this is the late announcement of that end.
      if row.isSame(as: code), row.from <= time,
        row.isLive || !row.traits.contains(.unloaded)
      {
        if row.isLive || row.traits.contains(.doubted) { end(piece.row, at: time) }
        rows[Int(piece.row)].traits.remove(.doubted)
        rows[Int(piece.row)].traits.insert(.unloaded)
        return
      }
    }
    if code.symbol != CodeRow.none { addLife(of: code, endingBy: time) }
  }

  /// Adds code of which only the end was announced: before the current occupants, and after their
  /// predecessors.
  private func addLife(of code: CodeAnnouncement, endingBy time: Int64) {
    var former = Int64.min
    var until = time
    var newer: [Piece] = []
    var visited = 0
    pieces.forEach(from: code.start, to: code.end) { piece in
      visited += 1
      let row = rows[Int(piece.row)]
      if row.until <= time {
        former = max(former, row.until)
      } else {
        until = min(until, row.from)
        former = max(former, row.formerEnd)
        newer.append(piece)
      }
      return visited < Self.outOfOrderMax
    }
    guard visited < Self.outOfOrderMax, former < until else { return }
    insert(
      CodeRow(
        start: code.start, end: code.end, from: former, until: until, formerEnd: former,
        identity: code.identity, symbol: code.symbol,
        traits: code.traits.union([.unloadOnly, .unloaded])),
      beneath: newer)
  }

  /// Moves code to another address at `time`.
  func move(_ code: CodeAnnouncement, from oldStart: UInt64, at time: Int64) {
    guard let piece = pieces.piece(at: oldStart) else { return vacate(code.start, code.end, time) }
    let row = rows[Int(piece.row)]
    guard row.start == oldStart, row.isLive, row.from <= time,
      row.identity == code.identity || row.identity == 0 || code.identity == 0
    else { return vacate(code.start, code.end, time) }
    end(piece.row, at: time)
    rows[Int(piece.row)].traits.insert(.unloaded)
    var moved = code
    moved.symbol = row.symbol
    moved.doubt = 0
    moved.identity = row.identity
    if code.size == 0 { moved.size = row.end - row.start }
    load(moved, at: time, knowsBeginning: true)
  }

  /// Ends everything in the range that was announced before.
  func vacate(_ start: UInt64, _ end: UInt64, _ told: Int64) {
    guard start < end else { return }
    var time = told
    var survey = survey(start, end, at: &time)
    if rules.endsWhole {
      retire(&survey, at: time)
    } else {
      for row in survey.live where rows[Int(row)].start >= start && rows[Int(row)].end <= end {
        self.end(row, at: time)
      }
    }
    insert(
      CodeRow(
        start: start, end: end, from: time, until: time, formerEnd: time, identity: 0,
        symbol: CodeRow.none, traits: .tombstone),
      beneath: survey.newer)
  }

  /// Marks the occupants of the range as possibly gone from now on.
  func doubt(_ start: UInt64, _ end: UInt64, at time: Int64) {
    var found: [UInt32] = []
    pieces.forEach(from: start, to: end) { piece in
      let row = rows[Int(piece.row)]
      if row.from < time, row.isLive, found.last != piece.row { found.append(piece.row) }
      return true
    }
    for number in found where rows[Int(number)].isLive {
      self.end(number, at: time)
      rows[Int(number)].traits.insert(.doubted)
    }
  }

  // MARK: Surveys of a range

  /// Contents of a range as seen from a given time.
  private struct Survey {
    /// Latest end of the rows that have ended by then.
    var formerEnd = Int64.min
    /// Earliest beginning of the later rows.
    var nextFrom = Int64.max
    /// Uncertainty of that beginning.
    var nextDoubt: UInt32 = 0
    /// Rows that were live at the time.
    var live: [UInt32] = []
    /// Pieces of later rows, in ascending order of address.
    var newer: [Piece] = []
  }

  private func survey(_ start: UInt64, _ end: UInt64, at time: inout Int64) -> Survey {
    var survey = Survey()
    pieces.forEach(from: start, to: end) { piece in
      let row = rows[Int(piece.row)]
      if row.from > time {
        if row.from < survey.nextFrom {
          (survey.nextFrom, survey.nextDoubt) = (row.from, row.beginDoubt)
        }
        survey.formerEnd = max(survey.formerEnd, min(row.formerEnd, time))
        survey.newer.append(piece)
      } else if row.until > time {
        if survey.live.last != piece.row { survey.live.append(piece.row) }
      } else {
        survey.formerEnd = max(survey.formerEnd, row.until)
      }
      return survey.newer.count < Self.outOfOrderMax
    }
    guard survey.newer.count >= Self.outOfOrderMax else {
      latest = max(latest, time)
      return survey
    }
    time = latest
    return self.survey(start, end, at: &time)
  }

  /// Ends the rows that were live at the time.
  private func retire(_ survey: inout Survey, at time: Int64, doubt: UInt32 = 0) {
    for number in survey.live {
      let row = rows[Int(number)]
      // A row on both sides of another one appears twice.
      guard row.until > time else { continue }
      let isStale = row.traits.contains(.doubtful) && time &- row.from <= rules.slack
      if rules.endsWhole, isStale || row.from == time {
        // The row was never live: code with the same beginning took its place, or the row was the
        // late announcement of a lifetime that had ended.
        rows[Int(number)].from = row.formerEnd
        rows[Int(number)].end(at: row.formerEnd)
        noteChange(of: Int(number), from: row.formerEnd)
        live?.reorder(number)
        endedLately += 1
        survey.formerEnd = max(survey.formerEnd, row.formerEnd)
        continue
      }
      if rules.endsWhole { end(number, at: time, doubt: doubt) } else { endedLately += 1 }
      survey.formerEnd = max(survey.formerEnd, time)
    }
  }

  private func end(_ row: UInt32, at time: Int64, doubt: UInt32 = 0) {
    rows[Int(row)].end(at: time, doubt: doubt)
    noteChange(of: Int(row), from: rows[Int(row)].doubtedFrom)
    endedLately += 1
  }

  private func liveRow(like code: CodeAnnouncement) -> Int? {
    guard let piece = pieces.piece(at: code.start) else { return nil }
    let row = rows[Int(piece.row)]
    guard row.isLive, row.start == code.start, row.end == code.end, row.symbol == code.symbol,
      row.identity == code.identity
    else { return nil }
    return Int(piece.row)
  }

  /// Whether an end of identical code without a known beginning has just been announced.
  private func isMaybeTheAnnouncement(of code: CodeAnnouncement, at time: Int64) -> Bool {
    guard let piece = pieces.piece(at: code.start) else { return false }
    let row = rows[Int(piece.row)]
    return row.traits.contains(.unloadOnly) && row.isSame(as: code) && row.end == code.end
      && row.until <= time && time &- row.until <= rules.slack
  }

  // MARK: Placing

  /// Adds a lifetime, beneath any pieces of later rows.
  private func insert(_ row: CodeRow, beneath newer: [Piece]) {
    guard row.from < row.until || row.isTombstone else { return }
    let number = UInt32(rows.append(row))
    noteChange(of: Int(number), from: row.earliest)
    if let live {
      live.add(number)
      if !row.isLive { endedLately += 1 }
    } else {
      own.append(number)
    }
    var start = row.start
    for piece in newer {
      place(number, start, min(piece.start, row.end))
      rows[Int(piece.row)].formerEnd = max(rows[Int(piece.row)].formerEnd, row.until)
      change.add(rows[Int(piece.row)], from: .max)
      start = max(start, piece.end)
    }
    place(number, start, row.end)
  }

  private func place(_ row: UInt32, _ start: UInt64, _ end: UInt64) {
    guard start < end else { return }
    pieces.replace(with: Piece(start: start, end: end, row: row))
  }

  private func noteChange(of row: Int, from time: Int64) { change.add(rows[row], from: time) }

  /// Returns what announcements since the last call have changed. Late names may have changed
  /// results for earlier times.
  func takeChange() -> SpaceChange {
    defer { change = SpaceChange() }
    return change
  }

  // MARK: Lookups

  func neighbours(of address: UInt64, at time: Int64) -> Neighbours {
    guard let live else {
      return index?.neighbours(of: address, at: time) ?? Neighbours(time: time)
    }
    // The piece has the latest occupant, and most lookups are for the present.
    if let piece = pieces.piece(at: address) {
      let row = rows[Int(piece.row)]
      if row.isPlaced, row.from <= time {
        let isThere = row.until > time
        return Neighbours(
          exact: isThere ? piece.row : CodeRow.none, before: isThere ? CodeRow.none : piece.row,
          time: time)
      }
    }
    return live.neighbours(of: address, at: time)
  }

  func overlapsAnything(_ start: UInt64, _ end: UInt64) -> Bool {
    var isFound = false
    pieces.forEach(from: start, to: end) { _ in
      isFound = true
      return false
    }
    return isFound
  }

  var memoryBytes: Int {
    own.capacity * 4 + (live?.memoryBytes ?? 0) + pieces.count * MemoryLayout<Piece>.stride
      + (index?.memoryBytes ?? 0)
  }

  /// Completes the space: builds the index and frees what only announcements need.
  func seal() {
    // Freed before the index is allocated.
    pieces = PieceMap()
    let rowsOfThis = own
    own = []
    index = VersionIndex(rows: rows, own: rowsOfThis)
  }
}

/// What announcements have changed.
struct SpaceChange {
  /// Earliest time at which occupants may have changed; `.max` if none did.
  var from = Int64.max
  /// Addresses of all rows that changed.
  private(set) var range: Range<UInt64>?

  mutating func add(_ row: CodeRow, from time: Int64) {
    add(SpaceChange(from: time, range: row.start..<max(row.start, row.end)))
  }

  mutating func add(_ other: SpaceChange) {
    from = min(from, other.from)
    guard let added = other.range else { return }
    range =
      range.map {
        min($0.lowerBound, added.lowerBound)..<max($0.upperBound, added.upperBound)
      } ?? added
  }
}
