internal import CTraceShims
internal import TraceAnalysis
internal import TraceExport
internal import TraceFormat

/// The places that allocate with their names.
struct HeapProfile {
  /// A place with what it allocated, those with most bytes in use first.
  struct Row {
    var place: HeapPlace
    var amounts: HeapAmounts
    /// Its number in the stacks, from 1.
    var number: UInt32
  }

  private(set) var rows: [Row] = []
  let stacks: NumberedStacks

  init(_ amounts: [HeapPlace: HeapAmounts]) throws {
    let sorted = amounts.filter { $0.value != HeapAmounts() }.sorted { a, b in
      let (one, other) = (a.value, b.value)
      let (mine, its) = (
        one.allocatedBytes &- one.freedBytes, other.allocatedBytes &- other.freedBytes
      )
      return (mine, one.allocatedBytes) > (its, other.allocatedBytes)
    }
    for (place, amounts) in sorted {
      rows.append(Row(place: place, amounts: amounts, number: UInt32(rows.count + 1)))
    }
    stacks = try NumberedStacks(naming: rows.map(\.place.stack), areCalls: true)
  }

  /// Go's heading of heap profiles.
  static func heading(_ counts: trace_heap_counts, start_ns: Int64) -> PprofHeading {
    typealias Value = PprofHeading.ValueType
    var heading = PprofHeading(
      types: [
        Value("alloc_objects", "count"), Value("alloc_space", "bytes"),
        Value("inuse_objects", "count"), Value("inuse_space", "bytes"),
      ],
      period: (Value("space", "bytes"), counts.interval), start_ns: start_ns, duration_ns: 0)
    if counts.dropped > 0 {
      heading.comments.append(
        "\(counts.dropped) samples had no room in the table of those in use: they count as freed")
    }
    return heading
  }

  /// The profile as bytes.
  func bytes(_ heading: PprofHeading) -> [UInt8] {
    let samples = rows.map { row in
      PprofStacks.Sample(
        node: stacks.node(row.number), values: row.amounts.values,
        objectBytes: row.amounts.objectBytes)
    }
    return PprofBytes.make(stacks.profile, heading, samples)
  }
}
