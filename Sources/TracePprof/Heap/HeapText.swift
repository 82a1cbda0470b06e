internal import CTraceShims
internal import Glibc
internal import OSStrings

/// A heap profile as text, in the form of Go's `debug=1`.
///
/// Its numbers are estimates of all allocations, so the heading says that each was sampled: tools
/// that read it must not multiply them again.
struct HeapText {
  private(set) var text = ""

  init(_ profile: HeapProfile, _ counts: trace_heap_counts) {
    var total = [Int64](repeating: 0, count: 4)
    var body = ""
    let lines = StackLines(profile.stacks.profile)
    for row in profile.rows {
      let values = row.amounts.values
      for (index, value) in values.enumerated() { total[index] &+= value }
      body += Self.amounts(values) + " @"
      for address in row.place.stack { body += " 0x" + String(address, radix: 16) }
      body += "\n"
      body += lines.named(profile.stacks.frames(row.number), at: row.place.stack) + "\n"
    }
    text = "heap profile: \(Self.amounts(total)) @ heap/2\n\(body)"
    text += """
      # libtraceheap.so
      # interval = \(counts.interval)
      # samples = \(counts.samples)
      # dropped = \(counts.dropped)
      # the process
      # resident = \(Self.residentBytes)

      """
  }

  /// Memory of the process, of which the heap is a part.
  private static var residentBytes: Int {
    let words = String(osBytes: OSPath.contents("/proc/self/statm", limit: 256) ?? [])
      .split(separator: " ")
    return (words.dropFirst().first.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
  }

  /// In use, and allocated.
  private static func amounts(_ values: [Int64]) -> String {
    "\(values[2]): \(values[3]) [\(values[0]): \(values[1])]"
  }
}
