/// A method's byte code and line map, as parallel columns.
struct LineTable: Equatable {
  /// Maximum number of entries that fit into a record.
  static let entryLimit = 2048

  struct Place {
    var nativeOffset: UInt32
    /// Byte code index; negative if the code belongs to none.
    var location: Int64
  }

  var ilOffsets: [UInt32] = []
  var nativeOffsets: [UInt32] = []
  /// Empty if the class has no line numbers.
  var lines: [UInt32] = []

  /// `lines` is in ascending order of start; a place's line is the last one that starts at or
  /// before it.
  init(_ places: [Place], lines table: [(start: Int64, line: UInt32)]) {
    for place in places.sorted(by: { $0.nativeOffset < $1.nativeOffset }) where place.location >= 0
    {
      ilOffsets.append(UInt32(truncatingIfNeeded: place.location))
      nativeOffsets.append(place.nativeOffset)
      if !table.isEmpty { lines.append(Self.line(at: place.location, in: table)) }
    }
  }

  private static func line(at location: Int64, in table: [(start: Int64, line: UInt32)]) -> UInt32 {
    var low = 0
    var high = table.count
    while low < high {
      let middle = (low + high) / 2
      if table[middle].start <= location { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? 0 : table[low - 1].line
  }
}
