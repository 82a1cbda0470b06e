internal import TraceAnalysis

extension TimeLine {
  /// One character for each part, its height relative to the largest; a dot for none.
  var text: String {
    let most = counts.max() ?? 0
    guard most > 0 else { return "" }
    let heights: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    return String(
      counts.map { count in
        // Rounded up, so that the largest is the only one of full height.
        count == 0
          ? "."
          : heights[
            min(
              heights.count - 1,
              max(0, Int((Double(count) / Double(most) * Double(heights.count)).rounded(.up)) - 1))]
      })
  }

  /// The text, and the length of a part.
  var description: String { "\(text)  \(shortDuration(nanoseconds: UInt64(step_ns))) each" }
}

extension OutputBuffer {
  /// Writes the keys of a time line.
  mutating func timeLine(_ line: TimeLine) {
    field("from_ns", line.from_ns)
    field("step_ns", line.step_ns)
    field("counts", numbers: line.counts)
  }
}
