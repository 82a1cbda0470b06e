internal import TraceExport
internal import TraceFormat

/// The part of a timeline that a screen shows: one number per column of pixels.
struct TimelineView {
  static let columnsMax = 4096
  static let processesMax = 60
  static let threadsMax = 100
  static let marksMax = 4000

  let timeline: Timeline
  let time: ClosedRange<Int64>
  let columns: Int
  /// Processes whose threads are shown; nil for those of the first, if there are few.
  let expanded: Set<UInt32>?
  /// Nanoseconds of a column.
  let width_ns: Double
  var rows: [Int: LaneRow] = [:]
  var order: [Int] = []
  var hidden = 0

  /// Columns of one lane.
  struct LaneRow {
    var cpu: [Double]?
    var states: [[Double]]?
    var exceptions: [Double]?
    var requests: [Double]?
  }

  init(_ timeline: Timeline, _ time: ClosedRange<Int64>?, columns: Int, expanded: Set<UInt32>?) {
    self.timeline = timeline
    let chosen = time ?? timeline.time
    let low = min(max(chosen.lowerBound, timeline.time.lowerBound), timeline.time.upperBound)
    let high = max(low, min(chosen.upperBound, timeline.time.upperBound))
    self.time = low...high
    self.columns = columns
    self.expanded = expanded
    width_ns = max(1, Double(high) - Double(low) + 1) / Double(columns)
    chooseLanes()
    for lane in order { rows[lane] = LaneRow() }
    addSamples()
    addPoints(timeline.exceptions, \.exceptions)
    addPoints(timeline.requests, \.requests)
    addStates()
  }

  private mutating func chooseLanes() {
    var activity = timeline.lanes.map(\.activity)
    for lane in timeline.lanes where lane.tid != nil {
      activity[lane.process] = activity[lane.process].addingCapped(lane.activity)
    }
    var threads: [Int: [Int]] = [:]
    var processes: [Int] = []
    for (number, lane) in timeline.lanes.enumerated() {
      if lane.tid == nil {
        processes.append(number)
      } else {
        threads[lane.process, default: []].append(number)
      }
    }
    processes.sort { (activity[$1], $0) < (activity[$0], $1) }
    hidden = max(0, processes.count - Self.processesMax)
    let shown = processes.prefix(Self.processesMax)
    for process in shown {
      order.append(process)
      let isOpen = expanded?.contains(timeline.lanes[process].pid) ?? (process == shown.first)
      guard isOpen, let own = threads[process] else { continue }
      order += own.sorted { (activity[$1], $0) < (activity[$0], $1) }.prefix(Self.threadsMax)
    }
    threadCounts = threads.mapValues(\.count)
  }

  var threadCounts: [Int: Int] = [:]

  /// Which column a moment is in. Loops keep it apart from the view, a copy of which takes longer
  /// than the column's computation.
  struct Scale {
    let start: Double
    let width_ns: Double
    let last: Double

    @inline(__always)
    func column(_ moment: Int64) -> Int {
      // Limited before the conversion: times of a hostile trace may be anywhere.
      Int(min(last, max(0, (Double(moment) - start) / width_ns)))
    }
  }

  var scale: Scale {
    Scale(start: Double(time.lowerBound), width_ns: width_ns, last: Double(columns - 1))
  }

  /// Sums by lane and column.
  private struct Grid {
    let columns: Int
    var values: [Double]
    /// Whether a lane has any.
    var isUsed: [Bool]

    init(lanes: Int, columns: Int) {
      self.columns = columns
      values = [Double](repeating: 0, count: lanes * columns)
      isUsed = [Bool](repeating: false, count: lanes)
    }

    @inline(__always)
    mutating func add(_ amount: Double, _ lane: Int, _ column: Int) {
      guard lane >= 0 else { return }
      values[lane * columns + column] += amount
      isUsed[lane] = true
    }

    func row(_ lane: Int) -> [Double]? {
      isUsed[lane] ? Array(values[(lane * columns)..<((lane + 1) * columns)]) : nil
    }
  }

  /// The place on the screen of each lane; -1 for those that are not shown.
  private var places: [Int] {
    var places = [Int](repeating: -1, count: timeline.lanes.count)
    for (place, lane) in order.enumerated() { places[lane] = place }
    return places
  }

  private mutating func take(_ grid: Grid, _ key: WritableKeyPath<LaneRow, [Double]?>) {
    for (place, lane) in order.enumerated() { rows[lane]?[keyPath: key] = grid.row(place) }
  }

  private mutating func addPoints(
    _ log: PointLog, _ key: WritableKeyPath<LaneRow, [Double]?>
  ) {
    guard log.count > 0 else { return }
    var grid = Grid(lanes: order.count, columns: columns)
    let (places, scale) = (places, scale)
    let processes = timeline.lanes.map(\.process)
    for position in log.range(time) {
      let column = scale.column(log.times[position])
      let lane = Int(log.lanes[position])
      let process = processes[lane]
      grid.add(Double(log.weights[position]), places[lane], column)
      if process != lane { grid.add(Double(log.weights[position]), places[process], column) }
    }
    take(grid, key)
  }

  /// Adds the samples' CPU time. A sample stands for the time before it.
  private mutating func addSamples() {
    let log = timeline.samples
    guard log.count > 0 else { return }
    var grid = Grid(lanes: order.count, columns: columns)
    let (places, scale) = (places, scale)
    let processes = timeline.lanes.map(\.process)
    for position in log.range(time) {
      let lane = Int(log.lanes[position])
      let process = processes[lane]
      let weight = Double(log.weights[position])
      let last = scale.column(log.times[position])
      var first = last
      var share = weight
      if weight > scale.width_ns {
        let length = max(1, Int(min(weight / scale.width_ns, scale.last + 1).rounded()))
        first = max(0, last - length + 1)
        share = scale.width_ns
      }
      for column in first...last {
        grid.add(share, places[lane], column)
        if process != lane { grid.add(share, places[process], column) }
      }
    }
    take(grid, \.cpu)
  }

  var empty: [Double] { [Double](repeating: 0, count: columns) }

  private mutating func addStates() {
    var sums: [Int: [[Double]]] = [:]
    var running: [Int: [Double]] = [:]
    let log = timeline.states
    let (places, scale, time, empty) = (places, scale, time, empty)
    let processes = timeline.lanes.map(\.process)
    let needsRunning = timeline.samples.count == 0
    for position in log.range(time) {
      let span = log.spans[position]
      let lane = Int(span.lane)
      guard span.to > time.lowerBound, span.kind < 3 else { continue }
      let process = processes[lane]
      if needsRunning, span.kind == 0, places[process] >= 0 {
        Self.add(span, within: time, scale, to: &running[process, default: empty])
      }
      guard places[lane] >= 0 else { continue }
      Self.add(
        span, within: time, scale,
        to: &sums[lane, default: [empty, empty, empty]][Int(span.kind)])
    }
    for (lane, values) in sums { rows[lane]?.states = values }
    // Without samples, the CPU time of a process is that of its threads' running.
    for (lane, values) in running { rows[lane]?.cpu = values }
  }

  /// Adds the time of a stretch to the columns that it covers.
  private static func add(
    _ span: SpanLog.Span, within time: ClosedRange<Int64>, _ scale: Scale,
    to columns: inout [Double]
  ) {
    let from = max(span.from, time.lowerBound)
    let to = min(span.to, time.upperBound)
    guard to > from else { return }
    let (first, last) = (scale.column(from), scale.column(to))
    if first == last {
      columns[first] += Double(to) - Double(from)
      return
    }
    columns[first] += scale.start + Double(first + 1) * scale.width_ns - Double(from)
    columns[last] += Double(to) - (scale.start + Double(last) * scale.width_ns)
    for column in (first + 1)..<max(first + 1, last) { columns[column] += scale.width_ns }
  }
}
