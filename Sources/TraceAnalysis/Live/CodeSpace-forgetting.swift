extension CodeSpace {
  /// Forgets rows of a live space that have ended and that `isForgotten` says are of no use. Its
  /// first arguments are when the row began and when it had ended, or was covered by others; the
  /// last, whether it is the last that had some of its addresses, so that its end bounds what
  /// begins there next.
  ///
  /// - Guarantee: what is left answers as before for all times after those ends.
  /// - Cost: looks at every row; call it when many have ended (``endedLately``).
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
      // What covers an image that is still mapped hides it.
      if !own.isEmpty, lasting.contains(where: { rows[Int($0)].overlaps(row) }) { continue }
      for piece in own { pieces.remove(piece) }
      forgotten.insert(number)
    }
    live.remove(forgotten)
    return forgotten.count
  }

  /// Forgets, to make room, as many of those that began first, whether they live or not.
  func forgetOldest(_ count: Int) -> Int {
    guard let live else { return 0 }
    let oldest = Set(
      live.all.sorted { rows[Int($0)].from < rows[Int($1)].from }.prefix(count))
    for number in oldest { for piece in ownPieces(of: number) { pieces.remove(piece) } }
    live.remove(oldest)
    return oldest.count
  }

  /// When a row had ended; of one that was never said to, when it was covered as a whole.
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
