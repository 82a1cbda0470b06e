internal import TraceFormat

// A timeline in a cache file. What the trace's index has is not in it.

extension Timeline {
  func write(to file: inout CacheWriter) {
    file.write(UInt64(lanes.count))
    for lane in lanes {
      file.write(UInt64(lane.pid))
      file.write(lane.tid.map { UInt64($0) } ?? .max)
      file.write(lane.name)
      file.write(UInt64(lane.process))
      file.write(lane.activity)
    }
    for log in [samples, exceptions, requests] { log.write(to: &file) }
    for log in [states, pauses] { log.write(to: &file) }
    file.write(UInt64(readings.count))
    for row in readings {
      file.write(row.from)
      file.write(row.to)
      for number in [row.user, row.system, row.steal, row.iowait, row.idle] { file.write(number) }
      file.write(row.available_bytes ?? .max)
    }
    file.write(memory_bytes)
    file.write(UInt64(losses.count))
    for loss in losses {
      file.write(loss.from)
      file.write(loss.to)
      file.write(loss.count)
      file.write(loss.cause)
    }
  }

  /// Reads a timeline of a trace; nil if the bytes are not one.
  init?(_ bytes: [UInt8], of trace: TraceFile) {
    var file = CacheReader(bytes)
    self.init()
    takeIndex(trace)
    guard readLanes(&file), let samples = PointLog(&file, lanes: lanes.count),
      let exceptions = PointLog(&file, lanes: lanes.count),
      let requests = PointLog(&file, lanes: lanes.count),
      let states = SpanLog(&file, lanes: lanes.count),
      let pauses = SpanLog(&file, lanes: lanes.count), readReadings(&file), readLosses(&file),
      file.isAtEnd
    else { return nil }
    (self.samples, self.exceptions, self.requests) = (samples, exceptions, requests)
    (self.states, self.pauses) = (states, pauses)
  }

  private mutating func readLanes(_ file: inout CacheReader) -> Bool {
    guard let count = file.count(below: Self.lanesMax + 1) else { return false }
    for _ in 0..<count {
      guard let pid = file.unsigned(), let tid = file.unsigned(), let name = file.text(),
        let process = file.count(below: count), let activity = file.unsigned()
      else { return false }
      lanes.append(
        Lane(
          pid: UInt32(truncatingIfNeeded: pid),
          tid: tid == .max ? nil : UInt32(truncatingIfNeeded: tid), name: name, process: process,
          activity: activity))
    }
    return true
  }

  private mutating func readReadings(_ file: inout CacheReader) -> Bool {
    guard let count = file.count(below: 1 << 20) else { return false }
    for _ in 0..<count {
      guard let from = file.signed(), let to = file.signed(), let user = file.unsigned(),
        let system = file.unsigned(), let steal = file.unsigned(), let iowait = file.unsigned(),
        let idle = file.unsigned(), let available = file.unsigned()
      else { return false }
      readings.append(
        Reading(
          from: from, to: to, user: user, system: system, steal: steal, iowait: iowait, idle: idle,
          available_bytes: available == .max ? nil : available))
    }
    guard let memory = file.unsigned() else { return false }
    memory_bytes = memory
    return true
  }

  private mutating func readLosses(_ file: inout CacheReader) -> Bool {
    guard let count = file.count(below: 1 << 20) else { return false }
    for _ in 0..<count {
      guard let from = file.signed(), let to = file.signed(), let lost = file.unsigned(),
        let cause = file.text()
      else { return false }
      losses.append(Loss(from: from, to: to, count: lost, cause: cause))
    }
    return true
  }
}

extension PointLog {
  fileprivate func write(to file: inout CacheWriter) {
    file.write(quantum)
    file.write(column: times)
    file.write(column: lanes)
    file.write(column: weights)
  }

  fileprivate init?(_ file: inout CacheReader, lanes limit: Int) {
    guard let quantum = file.signed(), let times: [Int64] = file.column(),
      let lanes: [UInt32] = file.column(), let weights: [UInt64] = file.column(),
      times.count == lanes.count, times.count == weights.count,
      lanes.allSatisfy({ Int($0) < limit })
    else { return nil }
    self.init(times: times, lanes: lanes, weights: weights, quantum: quantum)
  }
}

extension SpanLog {
  fileprivate func write(to file: inout CacheWriter) {
    file.write(UInt64(isCut ? 1 : 0))
    file.write(column: spans.map(\.from))
    file.write(column: spans.map(\.to))
    file.write(column: spans.map(\.lane))
    file.write(column: spans.map(\.kind))
  }

  fileprivate init?(_ file: inout CacheReader, lanes limit: Int) {
    guard let isCut = file.unsigned(), let from: [Int64] = file.column(),
      let to: [Int64] = file.column(), let lanes: [UInt32] = file.column(),
      let kinds: [UInt8] = file.column(), from.count == to.count, from.count == lanes.count,
      from.count == kinds.count, lanes.allSatisfy({ Int($0) < limit })
    else { return nil }
    let spans = from.indices.map {
      Span(from: from[$0], to: to[$0], lane: lanes[$0], kind: kinds[$0])
    }
    self.init(spans, isCut: isCut == 1)
  }
}

extension EventTable {
  func write(to file: inout CacheWriter) {
    file.write(UInt64(count))
    file.write(column: times)
    file.write(column: ranks)
  }

  /// Reads a table; nil if the bytes are not one.
  init?(_ bytes: [UInt8]) {
    var file = CacheReader(bytes)
    guard let count = file.count(below: .max), let times: [Int64] = file.column(),
      let ranks: [Int] = file.column(), times.count == ranks.count, file.isAtEnd
    else { return nil }
    self.init(times: times, ranks: ranks, count: count)
  }
}
