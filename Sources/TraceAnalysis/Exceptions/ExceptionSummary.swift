internal import TraceFormat

extension ExceptionReport.Process {
  /// Number of methods and stacks reported for a group.
  private static let placesMax = 5
  private static let stacksMax = 3

  init(
    _ counts: ExceptionCounts, _ process: ResolvedProcess, _ covered: CoveredProcess,
    _ stacks: inout NamedStacks?
  ) {
    self.init(covered: covered)
    caughtWithoutThrow = counts.caughtWithoutThrow
    timeLine = counts.timeLine
    timeLine.extend(to: covered.to_ns)
    for group in counts.groups {
      thrown &+= group.report.thrown
      rethrown &+= group.report.rethrown
      var report = group.report
      report.timeLine.extend(to: covered.to_ns)
      if counts.hasCatches { report.caught = report.caught ?? 0 }
      report.throwers = Self.most(group.throwers)
      report.catchers = Self.most(group.catchers)
      if stacks != nil {
        report.stacks = Self.most(group.stacks, of: process, &stacks)
      }
      groups.append(report)
    }
    if counts.hasCatches { caught = groups.reduce(0) { $0 &+ ($1.caught ?? 0) } }
    groups.sort { ($1.count, $0.type, $0.pattern) < ($0.count, $1.type, $1.pattern) }
  }

  private static func most(_ counts: [String: UInt64]) -> [ExceptionReport.Method] {
    counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(placesMax)
      .map { ExceptionReport.Method(name: $0.key, count: $0.value) }
  }

  /// Returns the most frequent stacks. Stacks whose frames have the same names are one.
  private static func most(
    _ counts: [StackID: (count: UInt64, time: Int64)], of process: ResolvedProcess,
    _ stacks: inout NamedStacks?
  ) -> [ExceptionReport.Stack] {
    var merged: [[StackFrame]: UInt64] = [:]
    for (stack, value) in counts {
      let frames = stacks?.stackFrames(stack, of: process, at: value.time) ?? []
      merged[frames, default: 0] += value.count
    }
    return merged.map { ExceptionReport.Stack(count: $0.value, frames: $0.key) }
      .sorted { a, b in
        a.count != b.count
          ? a.count > b.count : a.frames.map(\.name).lexicographicallyPrecedes(b.frames.map(\.name))
      }.prefix(stacksMax).map { $0 }
  }
}
