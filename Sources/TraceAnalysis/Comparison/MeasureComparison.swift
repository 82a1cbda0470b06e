/// Compares the measures of two sets of runs.
struct MeasureComparison {
  private(set) var rows: [ComparisonReport.Measure] = []
  private var evidence: [Evidence?] = []

  /// A measure, of whatever value.
  private struct Key: Hashable {
    var topic: RunMeasure.Topic
    var name: String
  }

  init(base: [RunProfile], new: [RunProfile]) {
    let sides = ComparedSides(base, new)
    var places: [Key: Int] = [:]
    var values: [(measure: RunMeasure, values: [Double])] = []
    for (number, run) in sides.runs.enumerated() {
      for measure in run.measures {
        let key = Key(topic: measure.topic, name: measure.name)
        let place = places[key] ?? values.count
        if place == values.count {
          places[key] = place
          values.append((measure, [Double](repeating: 0, count: sides.runs.count)))
        }
        values[place].values[number] += measure.value
      }
    }
    for (measure, values) in values where values.contains(where: { $0 != 0 }) {
      let divided = values.indices.map {
        measure.isAmount ? values[$0] / sides.divisor($0) : values[$0]
      }
      rows.append(
        ComparisonReport.Measure(
          topic: measure.topic, name: measure.name, unit: measure.unit,
          isAmount: measure.isAmount, change: sides.change(values: divided)))
      evidence.append(Self.evidence(measure, values, divided, sides))
    }
    let order = rows.indices.sorted { rows[$0].topic.position < rows[$1].topic.position }
    (rows, evidence) = (order.map { rows[$0] }, order.map { evidence[$0] })
  }

  private static func evidence(
    _ measure: RunMeasure, _ values: [Double], _ divided: [Double], _ sides: ComparedSides
  ) -> Evidence? {
    let base = sides.baseCount
    if sides.hasSeveralRuns {
      return Evidence.runs(base: Array(divided[..<base]), new: Array(divided[base...]))
    }
    guard measure.isCount else { return nil }
    func exposure(_ range: Range<Int>) -> Double {
      range.reduce(0) { $0 + sides.divisor($1) }
    }
    return Evidence.counts(
      base: values[..<base].reduce(0, +), exposure(0..<base),
      new: values[base...].reduce(0, +), exposure(base..<values.count))
  }

  /// Judges all measures together.
  mutating func judge() {
    var limits = ScoreLimits(
      beyond: Discoveries.limit(evidence.compactMap { $0?.probability() }))
    for index in rows.indices {
      rows[index].change.judge(evidence[index], &limits)
      let change = rows[index].change
      if change.base == change.new { rows[index].change.verdict = .notDistinguishable }
    }
  }
}

extension RunMeasure.Topic {
  fileprivate var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
