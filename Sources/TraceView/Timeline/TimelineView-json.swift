internal import TraceExport
internal import TraceFormat

// How a view is sent to the page.

extension TimelineView {
  /// Writes the view; shares of time are in thousandths of a column.
  func write(to json: inout OutputBuffer) {
    json.field("from_ns", time.lowerBound)
    json.field("to_ns", time.upperBound)
    json.field("begin_ns", timeline.time.lowerBound)
    json.field("end_ns", timeline.time.upperBound)
    json.field("columns", columns)
    json.field("events", timeline.events)
    json.field("is_complete", timeline.isComplete)
    json.field("hidden_processes", hidden)
    json.field("has_samples", timeline.samples.count > 0)
    json.field("has_switches", !timeline.states.spans.isEmpty)
    json.field("is_cut", timeline.states.isCut)
    json.field("density", numbers: density())
    json.field("lanes", each: order) { json, lane in write(lane, to: &json) }
    json.field("pauses", each: pauseMarks) { json, mark in
      json.field("lane", mark.lane)
      json.field("from_ns", mark.from)
      json.field("to_ns", mark.to)
      json.field("count", mark.count)
      json.field("longest_ns", mark.longest)
    }
    json.field("readings", each: readings()) { json, row in
      json.field("from_ns", row.from)
      json.field("to_ns", row.to)
      json.field("user_ns", row.user)
      json.field("system_ns", row.system)
      json.field("steal_ns", row.steal)
      json.field("iowait_ns", row.iowait)
      json.field("idle_ns", row.idle)
      json.field("available_bytes", row.available_bytes)
    }
    json.field("memory_bytes", timeline.memory_bytes)
    json.field("losses", each: losses()) { json, loss in
      json.field("from_ns", loss.from)
      json.field("to_ns", loss.to)
      json.field("count", loss.count)
      json.field("cause", loss.cause)
    }
  }

  private func write(_ lane: Int, to json: inout OutputBuffer) {
    let known = timeline.lanes[lane]
    json.field("lane", lane)
    json.field("pid", known.pid)
    json.field("tid", known.tid)
    json.field("name", known.name)
    if known.tid == nil { json.field("threads", threadCounts[lane] ?? 0) }
    let row = rows[lane]
    if let cpu = row?.cpu { json.field("cpu", numbers: shares(cpu)) }
    if let states = row?.states {
      json.field("running", numbers: shares(states[0]))
      json.field("runnable", numbers: shares(states[1]))
      json.field("blocked", numbers: shares(states[2]))
    }
    if let counts = row?.exceptions { json.field("exceptions", numbers: counts.map { Int($0) }) }
    if let counts = row?.requests { json.field("requests", numbers: counts.map { Int($0) }) }
  }

  private func shares(_ values: [Double]) -> [Int] {
    values.map { Int(min($0 / width_ns * 1000, 1e9).rounded()) }
  }

  /// Number of events by column. Within a block, events count as evenly distributed.
  func density() -> [Int] {
    var sums = empty
    let scale = scale
    for block in timeline.blocks where block.to >= time.lowerBound && block.from <= time.upperBound
    {
      let span = Double(block.to) - Double(block.from) + 1
      let perColumn = Double(block.count) / span * width_ns
      let (first, last) = (scale.column(block.from), scale.column(block.to))
      if first == last {
        sums[first] += Double(block.count) * min(1, width_ns * Double(columns) / span)
      } else {
        for column in first...last { sums[column] += perColumn }
      }
    }
    return sums.map { Int(min($0, 1e15).rounded()) }
  }

  struct Mark {
    var lane: Int
    var from: Int64
    var to: Int64
    var count = 1
    var longest: Int64
  }

  /// Stretches as they appear on the screen: those closer than a column are one.
  private func marks(_ log: SpanLog) -> [Mark] {
    var marks: [Mark] = []
    var last: [UInt32: Int] = [:]
    for position in log.range(time) {
      let span = log.spans[position]
      guard span.to >= time.lowerBound else { continue }
      let length = span.to.subtractingCapped(span.from)
      if let known = last[span.lane], Double(span.from) - Double(marks[known].to) < width_ns {
        marks[known].to = max(marks[known].to, span.to)
        marks[known].count += 1
        marks[known].longest = max(marks[known].longest, length)
      } else if marks.count < Self.marksMax {
        last[span.lane] = marks.count
        marks.append(
          Mark(lane: Int(span.lane), from: span.from, to: span.to, longest: length))
      }
    }
    return marks
  }

  /// The pauses as they appear on the screen.
  var pauseMarks: [Mark] { marks(timeline.pauses) }

  /// A process with what its lane shows.
  struct ProcessRow {
    var lane: Int
    var name: String
    var cpu: [Double]?
    var exceptions: [Double]?
  }

  /// The processes that are shown, the most active first.
  var processRows: [ProcessRow] {
    order.filter { timeline.lanes[$0].tid == nil }.map { lane in
      let known = timeline.lanes[lane]
      return ProcessRow(
        lane: lane, name: known.name.isEmpty ? "process \(known.pid)" : known.name,
        cpu: rows[lane]?.cpu, exceptions: rows[lane]?.exceptions)
    }
  }

  private func readings() -> [Timeline.Reading] {
    let inside = timeline.readings.filter {
      $0.to >= time.lowerBound && $0.from <= time.upperBound
    }
    guard inside.count > columns else { return inside }
    let step = (inside.count + columns - 1) / columns
    return stride(from: 0, to: inside.count, by: step).map { start in
      let part = inside[start..<min(inside.count, start + step)]
      return part.dropFirst().reduce(part[start]) { sum, next in
        var sum = sum
        sum.to = next.to
        sum.user = sum.user.addingCapped(next.user)
        sum.system = sum.system.addingCapped(next.system)
        sum.steal = sum.steal.addingCapped(next.steal)
        sum.iowait = sum.iowait.addingCapped(next.iowait)
        sum.idle = sum.idle.addingCapped(next.idle)
        sum.available_bytes = min(
          sum.available_bytes ?? .max, next.available_bytes ?? .max)
        return sum
      }
    }
  }

  private func losses() -> [Timeline.Loss] {
    Array(
      timeline.losses.filter { $0.to >= time.lowerBound && $0.from <= time.upperBound }
        .prefix(Self.marksMax))
  }
}
