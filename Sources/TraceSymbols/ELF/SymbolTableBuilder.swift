internal import Glibc

/// A symbol that may become a function of the table.
struct SymbolCandidate {
  var start: UInt64
  /// 0 if the file has no size.
  var size: UInt32
  var name: UInt32
  /// Selects the shown symbol among several at one offset; see `Rank`.
  var rank: UInt8

  enum Rank {
    static let isGlobal: UInt8 = 1
    static let isStrong: UInt8 = 2
    static let isFunction: UInt8 = 4
  }
}

/// Builds a table from symbols with aliases, labels inside functions, unknown sizes and overlaps.
struct SymbolTableBuilder {
  var names = StringTable([])
  var candidates: [SymbolCandidate] = []
  /// The ends of code segments, which a function of unknown size does not extend past.
  var codeEnds: [UInt64] = []
  /// The maximum size assigned to a function of unknown size.
  var unknownSizeMax = UInt64(UInt32.max)

  /// The end of the code at an offset, from call frame information; used if a function of unknown
  /// size would be long.
  var describedEnd: (_ offset: UInt64) -> UInt64? = { _ in nil }

  /// The end of a function of unknown size if what follows it is not known either; nil if all
  /// functions have symbols.
  var guessedEnd: ((_ start: UInt64, _ end: UInt64) -> UInt64)?

  private var starts: [UInt64] = []
  private var sizes: [UInt32] = []
  private var nameOffsets: [UInt32] = []
  private var overlap = false

  init() {}

  consuming func build() -> SymbolTable {
    candidates.sort { $0.start < $1.start }
    codeEnds.sort()
    starts.reserveCapacity(candidates.count)
    sizes.reserveCapacity(candidates.count)
    nameOffsets.reserveCapacity(candidates.count)
    placeFunctions()
    candidates = []
    let pieces = overlap ? innermost() : ([], [])
    return SymbolTable(
      starts: starts, sizes: sizes, nameOffsets: nameOffsets, names: names,
      boundaries: pieces.0, owners: pieces.1)
  }

  /// Keeps one function for each start.
  private mutating func placeFunctions() {
    var covered: UInt64 = 0
    var first = 0
    while first < candidates.count {
      let start = candidates[first].start
      var best = candidates[first]
      var size = best.size
      var next = first + 1
      while next < candidates.count, candidates[next].start == start {
        if isBetter(candidates[next], than: best) { best = candidates[next] }
        size = max(size, candidates[next].size)
        next += 1
      }
      first = next
      if size == 0 {
        // A label inside a function, not a separate function.
        if start < covered { continue }
        size = sizeUpToNext(from: start, next: next)
        if size == 0 { continue }
      }
      if start < covered { overlap = true }
      let end = start.addingReportingOverflow(UInt64(size))
      covered = max(covered, end.overflow ? .max : end.partialValue)
      starts.append(start)
      sizes.append(size)
      nameOffsets.append(best.name)
    }
  }

  /// In a full table, little code between functions has no name.
  private var knownReach: UInt64 { candidates.count >= Self.fullCount ? 256 : 0 }
  private static let fullCount = 1000

  private func sizeUpToNext(from start: UInt64, next: Int) -> UInt32 {
    var end = codeEnd(after: start)
    if next < candidates.count { end = min(end, candidates[next].start) }
    if end - start > knownReach {
      end = min(end, describedEnd(start) ?? guessedEnd?(start, end) ?? end)
    }
    return UInt32(clamping: min(end - start, unknownSizeMax))
  }

  private func codeEnd(after start: UInt64) -> UInt64 {
    var low = 0
    var high = codeEnds.count
    while low < high {
      let middle = (low + high) / 2
      if codeEnds[middle] <= start { low = middle + 1 } else { high = middle }
    }
    return low < codeEnds.count ? codeEnds[low] : start
  }

  /// The order in which perf prefers names, so that both show the same name: known size, function,
  /// not weak, global, fewer leading underscores, longer (including versions: the name that other
  /// images link to). Of equally long names, perf uses the first in the file, this table the
  /// alphabetically first.
  private func isBetter(_ one: SymbolCandidate, than other: SymbolCandidate) -> Bool {
    if (one.size == 0) != (other.size == 0) { return one.size != 0 }
    if one.rank != other.rank { return one.rank > other.rank }
    return names.withBytes(at: one.name, limit: SymbolLimits.nameLength) { a in
      names.withBytes(at: other.name, limit: SymbolLimits.nameLength) { b in
        let underscores = (leadingUnderscores(a), leadingUnderscores(b))
        if underscores.0 != underscores.1 { return underscores.0 < underscores.1 }
        if a.count != b.count { return a.count > b.count }
        guard let first = a.baseAddress, let second = b.baseAddress else { return false }
        return memcmp(first, second, a.count) < 0
      }
    }
  }

  private func leadingUnderscores(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    name.firstIndex { $0 != UInt8(ascii: "_") } ?? name.count
  }

  /// Cuts overlapping functions into pieces; each piece belongs to the function that began last.
  private func innermost() -> ([UInt64], [UInt32]) {
    var boundaries: [UInt64] = []
    var owners: [UInt32] = []
    var open: [Int] = []

    func end(_ index: Int) -> UInt64 { starts[index] + UInt64(sizes[index]) }
    func cut(at offset: UInt64, owner: Int?) {
      let owner = owner.map { UInt32($0) } ?? SymbolTable.noOwner
      if boundaries.last == offset {
        owners[owners.count - 1] = owner
      } else {
        boundaries.append(offset)
        owners.append(owner)
      }
    }
    func close(until offset: UInt64) {
      while let last = open.last, end(last) <= offset {
        open.removeLast()
        // Functions that ended inside it have no piece left.
        while let outer = open.last, end(outer) <= end(last) { open.removeLast() }
        cut(at: end(last), owner: open.last)
      }
    }
    for index in starts.indices {
      close(until: starts[index])
      open.append(index)
      cut(at: starts[index], owner: index)
    }
    close(until: .max)
    return (boundaries, owners)
  }
}
