import CTraceShims

/// The line of JSON printed at the end.
struct StormReport {
  var options: StormOptions
  var note: SharedNote

  var json: String {
    let processes = options.processes * (options.forks ? 2 : 1)
    let lines = (0..<processes).flatMap { process in
      (0..<options.threads).map { note.line(process: process, thread: $0) }
    }
    let ticks = (0..<processes).map {
      note.line(process: $0, thread: WorkerID.signalThread).emitted
    }
    let costs = lines.map { line in
      line.emitted == 0 ? "0" : Self.rounded(Double(line.nanoseconds) / Double(line.emitted))
    }
    let fields: [(String, String)] = [
      ("events", String(lines.reduce(0) { $0 + $1.emitted } + ticks.reduce(0, +))),
      ("processes", String(processes)),
      ("threads", String(options.threads)),
      ("payload", "\"\(options.payload.rawValue)\""),
      ("ns_per_event", "[\(costs.joined(separator: ", "))]"),
      ("signals", String(ticks.reduce(0, +))),
      ("register_us", Self.rounded(Double(lines[0].registerNanoseconds) / 1000)),
      ("rdtsc_ns", Self.rounded(Self.tickCost())),
    ]
    return "{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
  }

  /// The time in nanoseconds to read the machine's counter, which is the unit for the cost of
  /// emitting.
  static func tickCost() -> Double {
    let count: UInt64 = 200_000
    var costs: [Double] = []
    for _ in 0..<5 {
      let start = trace_monotonic_ns()
      var sum: UInt64 = 0
      for _ in 0..<count { sum &+= trace_ticks() }
      let elapsed = trace_monotonic_ns() - start
      // Uses the sum, so that the loop is not removed.
      costs.append(Double(elapsed &+ (sum == 1 ? 1 : 0)) / Double(count))
    }
    return costs.sorted()[2]
  }

  /// Measures the counter too: its cost changes from minute to minute on shared machines.
  static func line(ofRound round: Int, costs: [Double]) -> String {
    let list = costs.map { rounded($0) }.joined(separator: ", ")
    let counter = rounded(tickCost())
    return "{\"round\": \(round), \"ns_per_event\": [\(list)], \"rdtsc_ns\": \(counter)}"
  }

  private static func rounded(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let fraction = String(hundredths % 100)
    return "\(hundredths / 100).\(fraction.count == 1 ? "0" : "")\(fraction)"
  }
}
