/// What one source said of one process's addresses: who had each last, and the lives of all who
/// did.
///
/// - Guarantee: whatever is announced, in whatever order, the lives that follow are well formed,
///   and the latest to begin before a time is the one that counts at that time.
/// - Cost: O(log n) for each announcement, and once more for every piece that it displaces.
final class CodeSpace {
  /// What follows from how a source's code behaves.
  struct Rules {
    /// Whether a part that is used again ends the whole: so it is with a method's code, but not
    /// with an image.
    var endsWhole = true
    /// How late an announcement may come (nanoseconds).
    var slack: Int64 = 1_000_000_000
  }

  /// Pieces that an announcement out of order is weighed against; more, and it is taken as if it
  /// were in order. Without a limit, announcements could be made up that cost time squared.
  static let outOfOrderMax = 1024

  let rows: Slab<CodeRow>
  let rules: Rules
  var pieces = PieceMap()
  /// Rows of this space, in the order they came.
  private(set) var own: [UInt32] = []
  /// In place of the pieces, once everything is known.
  private(set) var index: VersionIndex?
  private var latest = Int64.min
  /// Where look-ups and announcements alternate: the rows, in place of `own` and the index.
  let live: LiveRows?
  /// Since when whoever was there may be another than before the last ``takeChange()``.
  private var changedFrom = Int64.max
  /// Rows that ended since the last time that they were looked through.
  var endedLately = 0

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

  /// Code is in place at `time`; without a known beginning it has been since the former occupant's
  /// end.
  func load(_ code: CodeAnnouncement, at told: Int64, knowsBeginning: Bool) {
    if let same = liveRow(like: code) {
      // Told again. An earlier beginning counts, where nothing else was there by then.
      if knowsBeginning, told < rows[same].from, rows[same].formerEnd <= told {
        rows[same].from = told
        rows[same].beginDoubt = code.doubt
        noteChange(from: rows[same].earliest)
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

  /// Code is gone at `time`. If nothing was known of it, it lived since the former occupant's end.
  func unload(_ code: CodeAnnouncement, at time: Int64) {
    if let piece = pieces.piece(at: code.start) {
      let row = rows[Int(piece.row)]
      // Where something else took its place before, this is that end, told late.
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

  /// Code of which only the end was told: before whatever is there now, after what was before that.
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

  /// Code is at another address from `time` on.
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

  /// Nothing that was told of before lives in the range any more.
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

  /// Whoever lives in the range may be gone from now on.
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

  // MARK: What is there

  /// What lies in a range, as seen from a time.
  private struct Survey {
    /// When the last of those that are gone by then had gone.
    var formerEnd = Int64.min
    /// When the first of those that came later came.
    var nextFrom = Int64.max
    /// How long before that it may have come.
    var nextDoubt: UInt32 = 0
    /// Rows that were there at the time.
    var live: [UInt32] = []
    /// Pieces of rows that came later, ascending.
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

  /// Ends what was there at the time.
  private func retire(_ survey: inout Survey, at time: Int64, doubt: UInt32 = 0) {
    for number in survey.live {
      let row = rows[Int(number)]
      // One that lies on both sides of another comes twice.
      guard row.until > time else { continue }
      let isStale = row.traits.contains(.doubtful) && time &- row.from <= rules.slack
      if rules.endsWhole, isStale || row.from == time {
        // It never lived: what came at the same moment took its place, or it was the late
        // announcement of a life that had ended.
        rows[Int(number)].from = row.formerEnd
        rows[Int(number)].end(at: row.formerEnd)
        noteChange(from: row.formerEnd)
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
    noteChange(from: rows[Int(row)].doubtedFrom)
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

  /// Whether only the end of the very same has just been told.
  private func isMaybeTheAnnouncement(of code: CodeAnnouncement, at time: Int64) -> Bool {
    guard let piece = pieces.piece(at: code.start) else { return false }
    let row = rows[Int(piece.row)]
    return row.traits.contains(.unloadOnly) && row.isSame(as: code) && row.end == code.end
      && row.until <= time && time &- row.until <= rules.slack
  }

  // MARK: Placing

  /// Adds a life; where something came later, beneath that.
  private func insert(_ row: CodeRow, beneath newer: [Piece]) {
    guard row.from < row.until || row.isTombstone else { return }
    let number = UInt32(rows.append(row))
    noteChange(from: row.earliest)
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
      start = max(start, piece.end)
    }
    place(number, start, row.end)
  }

  private func place(_ row: UInt32, _ start: UInt64, _ end: UInt64) {
    guard start < end else { return }
    pieces.replace(with: Piece(start: start, end: end, row: row))
  }

  private func noteChange(from time: Int64) { changedFrom = min(changedFrom, time) }

  /// The earliest time for which what was announced since has changed who was there; `.max` for
  /// none. Names that come late may have changed before that.
  func takeChange() -> Int64 {
    defer { changedFrom = .max }
    return changedFrom
  }

  // MARK: Looking up

  func neighbours(of address: UInt64, at time: Int64) -> Neighbours {
    guard let live else {
      return index?.neighbours(of: address, at: time) ?? Neighbours(time: time)
    }
    // The piece has whoever came last: most look-ups are of now.
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

  /// Everything is known: builds the index, and gives back what only announcements need.
  func seal() {
    // Given back before the index takes its room.
    pieces = PieceMap()
    let rowsOfThis = own
    own = []
    index = VersionIndex(rows: rows, own: rowsOfThis)
  }
}
