extension CodeSpace {
  /// Drops rows of a live space that have ended and for which `isForgotten` returns true. Its
  /// arguments are the times at which the row began and ended, or was covered by others, and
  /// whether it is the last row at some of its addresses, so that its end bounds the next code
  /// there.
  ///
  /// - Guarantee: lookups of times after these ends return the same as before.
  /// - Cost: visits every row; call it when many have ended (``endedLately``).
  func forget(where isForgotten: (_ from: Int64, _ until: Int64, _ isLast: Bool) -> Bool) -> Int {
    guard let live else { return 0 }
    endedLately = 0
    let all = live.all
    let lasting = rules.endsWhole ? [] : all.filter { rows[Int($0)].isLive }
    var forgotten: Set<UInt32> = []
    for number in all {
      let row = rows[Int(number)]
      let own = ownPieces(of: number)
      let mayLive = row.isLive || row.traits.contains(.doubted)
      guard !mayLive || own.isEmpty, isForgotten(row.from, end(of: row), !own.isEmpty) else {
        continue
      }
      // A row that covers a still mapped image must be kept, because it hides the image.
      if !own.isEmpty, lasting.contains(where: { rows[Int($0)].overlaps(row) }) { continue }
      for piece in own { pieces.remove(piece) }
      forgotten.insert(number)
    }
    live.remove(forgotten)
    return forgotten.count
  }

  /// Drops the given number of rows that began first, whether or not they have ended; returns the
  /// number of dropped rows.
  func forgetOldest(_ count: Int) -> Int {
    guard let live else { return 0 }
    let oldest = Set(
      live.all.sorted { rows[Int($0)].from < rows[Int($1)].from }.prefix(count))
    for number in oldest { for piece in ownPieces(of: number) { pieces.remove(piece) } }
    live.remove(oldest)
    return oldest.count
  }

  /// The time at which a row ended or, if its end was not announced, was covered completely.
  private func end(of row: CodeRow) -> Int64 {
    guard row.isLive else { return row.until }
    var end = Int64.min
    pieces.forEach(from: row.start, to: row.end) { piece in
      end = max(end, rows[Int(piece.row)].from)
      return true
    }
    return end
  }

  private func ownPieces(of number: UInt32) -> [Piece] {
    var own: [Piece] = []
    pieces.forEach(from: rows[Int(number)].start, to: rows[Int(number)].end) { piece in
      if piece.row == number { own.append(piece) }
      return true
    }
    return own
  }
}

extension CodeRow {
  func overlaps(_ other: CodeRow) -> Bool { start < other.end && other.start < end }
}
