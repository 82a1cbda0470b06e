/// A range of addresses and the row of its latest occupant.
struct Piece: BitwiseCopyable {
  var start: UInt64
  var end: UInt64
  var row: UInt32
}

/// Disjoint pieces in order of address.
///
/// - Cost: a lookup is O(log n). A replacement is O(log n) and a memmove within a chunk, plus the
///   pieces replaced; every piece is removed only once.
struct PieceMap {
  private static let chunkMax = 256
  private var chunks: [[Piece]] = []
  /// First address of each chunk.
  private var firsts: [UInt64] = []
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// Returns the piece that contains the address.
  func piece(at address: UInt64) -> Piece? {
    guard let chunk = lastChunk(startingUpTo: address) else { return nil }
    let pieces = chunks[chunk]
    let index = Self.firstIndex(endingAfter: address, in: pieces)
    guard index < pieces.count, pieces[index].start <= address else { return nil }
    return pieces[index]
  }

  /// Calls `body` with the pieces that overlap the range, in order, until it returns false.
  func forEach(from start: UInt64, to end: UInt64, _ body: (Piece) -> Bool) {
    var chunk = lastChunk(startingUpTo: start) ?? 0
    guard chunk < chunks.count else { return }
    var index = Self.firstIndex(endingAfter: start, in: chunks[chunk])
    while chunk < chunks.count {
      let pieces = chunks[chunk]
      while index < pieces.count {
        guard pieces[index].start < end, body(pieces[index]) else { return }
        index += 1
      }
      chunk += 1
      index = 0
    }
  }

  /// Replaces everything that overlaps the piece; the parts outside it remain.
  mutating func replace(with piece: Piece) {
    let (left, right) = remove(from: piece.start, to: piece.end)
    if let left { insert(left) }
    insert(piece)
    if let right { insert(right) }
  }

  /// Removes a piece.
  mutating func remove(_ piece: Piece) { _ = remove(from: piece.start, to: piece.end) }

  /// Removes everything in the range; returns the remainders on either side.
  private mutating func remove(from start: UInt64, to end: UInt64) -> (Piece?, Piece?) {
    var left: Piece?
    var right: Piece?
    var chunk = lastChunk(startingUpTo: start) ?? 0
    var emptied: Range<Int>?
    while chunk < chunks.count, firsts[chunk] < end {
      let first = Self.firstIndex(endingAfter: start, in: chunks[chunk])
      var last = first
      if let tail = chunks[chunk].last, first < chunks[chunk].count, tail.end <= end {
        last = chunks[chunk].count
      } else {
        while last < chunks[chunk].count, chunks[chunk][last].start < end { last += 1 }
      }
      guard first < last else {
        chunk += 1
        continue
      }
      let (before, after) = (chunks[chunk][first], chunks[chunk][last - 1])
      if before.start < start { left = Piece(start: before.start, end: start, row: before.row) }
      if after.end > end { right = Piece(start: end, end: after.end, row: after.row) }
      count -= last - first
      if last - first == chunks[chunk].count {
        emptied = (emptied?.lowerBound ?? chunk)..<chunk + 1
      } else {
        chunks[chunk].removeSubrange(first..<last)
        firsts[chunk] = chunks[chunk][0].start
      }
      chunk += 1
    }
    if let emptied {
      chunks.removeSubrange(emptied)
      firsts.removeSubrange(emptied)
    }
    return (left, right)
  }

  /// Inserts a piece that overlaps no other.
  private mutating func insert(_ piece: Piece) {
    count += 1
    guard let chunk = lastChunk(startingUpTo: piece.start) ?? (chunks.isEmpty ? nil : 0) else {
      chunks.append([piece])
      firsts.append(piece.start)
      return
    }
    let index = Self.firstIndex(endingAfter: piece.start, in: chunks[chunk])
    chunks[chunk].insert(piece, at: index)
    firsts[chunk] = chunks[chunk][0].start
    guard chunks[chunk].count > Self.chunkMax else { return }
    // Code is mostly announced at ascending addresses, so a chunk that grows at its end is left
    // full.
    let middle = index == Self.chunkMax ? Self.chunkMax : Self.chunkMax / 2
    let upper = Array(chunks[chunk][middle...])
    chunks[chunk].removeSubrange(middle...)
    chunks.insert(upper, at: chunk + 1)
    firsts.insert(upper[0].start, at: chunk + 1)
  }

  private func lastChunk(startingUpTo address: UInt64) -> Int? {
    var low = 0
    var high = firsts.count
    while low < high {
      let middle = (low + high) / 2
      if firsts[middle] <= address { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? low - 1 : nil
  }

  private static func firstIndex(endingAfter address: UInt64, in pieces: [Piece]) -> Int {
    var low = 0
    var high = pieces.count
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
