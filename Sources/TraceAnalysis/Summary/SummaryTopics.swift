// What each report contributes to the summary.

/// Shares, lengths and rates from which a number is unusual.
enum SummaryThreshold {
  static let paused_percent = 5.0
  static let pause_ns: UInt64 = 100_000_000
  static let exceptionsPerSecond = 100.0
  static let compiling_percent = 10.0
  static let function_percent = 25.0
  /// Share of the time in which threads had work that they waited for a CPU.
  static let waited_percent = 20.0
  /// A request is slow if it takes that long, and that many times as long as half of its kind.
  static let request_ns: UInt64 = 100_000_000
  static let request_factor: UInt64 = 10
  /// A wait for a lock is long from here on.
  static let lockWait_ns: UInt64 = 100_000_000
  static let allocatedPerSecond = 1e9
  /// Number of processes of which threads are listed.
  static let processesMax = 3
  /// Number of functions that are listed.
  static let functionsMax = 3
}

extension SystemReport {
  var topics: [SummaryReport.Topic] {
    findings.map {
      .init(
        kind: .system($0), isUnusual: $0.kind != .cpu, subject: $0.subject, pid: $0.pid,
        count: $0.count, percent: $0.percent, amount_ns: $0.amount_ns)
    }
  }
}

extension GCReport.Process {
  var topics: [SummaryReport.Topic] {
    let isUnusual =
      paused_percent ?? 0 >= SummaryThreshold.paused_percent
      || pauses.max_ns >= SummaryThreshold.pause_ns
    var topics = [
      SummaryReport.Topic(
        kind: .collections, isUnusual: isUnusual, subject: name, pid: pid,
        count: UInt64(collections.count), percent: paused_percent, amount_ns: pauses.total_ns,
        max_ns: pauses.max_ns)
    ]
    if stalls.count > 0 {
      topics.append(
        .init(
          kind: .stalls, isUnusual: true, subject: name, pid: pid, count: UInt64(stalls.count),
          amount_ns: stalls.total_ns, max_ns: stalls.max_ns))
    }
    return topics
  }
}

extension ExceptionReport.Process {
  var topic: SummaryReport.Topic {
    let rate = perSecond(thrown)
    return .init(
      kind: .exceptions,
      isUnusual: rate ?? 0 >= SummaryThreshold.exceptionsPerSecond, subject: name, pid: pid,
      count: thrown, rate: rate, most: groups.first?.type)
  }
}

extension JITReport.Process {
  var topic: SummaryReport.Topic {
    let share = span_ns == 0 ? nil : Double(times.total_ns) / Double(span_ns) * 100
    return .init(
      kind: .compilations,
      isUnusual: share ?? 0 >= SummaryThreshold.compiling_percent, subject: name, pid: pid,
      count: UInt64(compiled), percent: share, amount_ns: times.total_ns)
  }
}

extension StackReport {
  var topics: [SummaryReport.Topic] {
    let all = unit.amount(of: calls.total)
    return functions(limit: SummaryThreshold.functionsMax).functions.map { function in
      let own = unit.amount(of: function.exclusive)
      let share = all == 0 ? 0 : Double(own) / Double(all) * 100
      return .init(
        kind: .function, isUnusual: share >= SummaryThreshold.function_percent,
        subject: function.frame.name, percent: share, amount_ns: own)
    }
  }
}

extension RequestReport.Process {
  /// Nil if no request has ended.
  var topic: SummaryReport.Topic? {
    let count = groups.reduce(0) { $0 + $1.durations.count }
    guard count > 0 else { return nil }
    let isUnusual = groups.contains { group in
      group.durations.p99_ns >= SummaryThreshold.request_ns
        && group.durations.p99_ns / SummaryThreshold.request_factor >= group.durations.p50_ns
    }
    let total = groups.reduce(UInt64(0)) { $0.addingClamped($1.durations.total_ns) }
    let slowest = groups.max {
      ($0.durations.max_ns, $1.name) < ($1.durations.max_ns, $0.name)
    }
    return .init(
      kind: .requests, isUnusual: isUnusual, subject: name, pid: pid, count: UInt64(count),
      amount_ns: total, max_ns: slowest?.durations.max_ns,
      most: slowest.map { $0.name.isEmpty ? $0.activity : $0.name })
  }
}

extension ThreadReport {
  /// The processes that waited unusually long for a CPU, and those with the longest running time.
  var topics: [SummaryReport.Topic] {
    let most = processes.sorted { ($1.times.running_ns, $0.pid) < ($0.times.running_ns, $1.pid) }
    return most.enumerated().map { ($0.offset, $0.element.topic) }
      .filter { $0.0 < SummaryThreshold.processesMax || $0.1.isUnusual }.map(\.1)
  }
}

extension ThreadReport.Process {
  var topic: SummaryReport.Topic {
    let busy = times.running_ns.addingClamped(times.runnable_ns)
    let share = busy == 0 ? nil : Double(times.runnable_ns) / Double(busy) * 100
    return .init(
      kind: .threads, isUnusual: share ?? 0 >= SummaryThreshold.waited_percent, subject: name,
      pid: pid, count: UInt64(threads.count), percent: share, amount_ns: times.runnable_ns,
      most: reasons.first.flatMap { $0.reason == .unknown ? nil : $0.reason.rawValue })
  }
}

extension ContentionReport.Process {
  /// Nil if no wait for a lock has ended.
  var topic: SummaryReport.Topic? {
    guard contended.waits.count > 0 else { return nil }
    let most = contended.locks.first
    let place = most?.places.first?.frames.first { $0.kind == .function && $0.module != "[k]" }
    return .init(
      kind: .contention, isUnusual: contended.waits.max_ns >= SummaryThreshold.lockWait_ns,
      subject: name, pid: pid, count: UInt64(contended.waits.count),
      amount_ns: contended.waits.total_ns, max_ns: contended.waits.max_ns,
      most: most.flatMap { $0.type.isEmpty ? place?.function : $0.type })
  }
}

extension AllocationReport.Process {
  var topic: SummaryReport.Topic {
    let rate = perSecond(total.bytes)
    return .init(
      kind: .allocations, isUnusual: rate ?? 0 >= SummaryThreshold.allocatedPerSecond,
      subject: name, pid: pid, count: total.bytes, rate: rate, most: types.first?.type)
  }
}
