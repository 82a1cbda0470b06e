import TraceEvents

/// The files of a cgroup that count CPU time and throttling.
struct CgroupCPUFiles {
  private let stat: CounterFile?
  /// Version 1: CPU time, and the limit as two numbers.
  private let usage: CounterFile?
  private let quota: CounterFile?
  private let period: CounterFile?
  /// Version 2: the limit.
  private let limit: CounterFile?

  /// Version 1; the CPU time is that of the same path of another controller.
  init(directory: String, usageDirectory: String?) {
    stat = CounterFile(directory + "/cpu.stat")
    usage = usageDirectory.flatMap { CounterFile($0 + "/cpuacct.usage") }
    quota = CounterFile(directory + "/cpu.cfs_quota_us")
    period = CounterFile(directory + "/cpu.cfs_period_us")
    limit = nil
  }

  /// Version 2.
  init(unified directory: String) {
    stat = CounterFile(directory + "/cpu.stat")
    limit = CounterFile(directory + "/cpu.max")
    (usage, quota, period) = (nil, nil, nil)
  }

  /// Nil if the cgroup has none of these files any more.
  func read(
    _ number: UInt32, _ path: String, _ buffer: UnsafeMutableRawBufferPointer
  ) -> CgroupCPUCounters? {
    guard let stat, var text = stat.read(into: buffer) else { return nil }
    var counters = CgroupCPUCounters(number: number, path: path)
    text.forEachLine { line in
      if line.take("nr_periods ") {
        counters.periods = line.count()
      } else if line.take("nr_throttled ") {
        counters.throttledPeriods = line.count()
      } else if line.take("throttled_time ") {
        counters.throttled = line.count()
      } else if line.take("throttled_usec ") {
        counters.throttled = line.count().multipliedClamped(by: 1000)
      } else if line.take("usage_usec ") {
        counters.usage = line.count().multipliedClamped(by: 1000)
      }
    }
    if let usage { counters.usage = usage.number(buffer) ?? 0 }
    if let quota, let period {
      counters.quota = Self.perSecond(quota.number(buffer), period.number(buffer))
    } else if var text = limit?.read(into: buffer) {
      counters.quota = Self.perSecond(text.number(), text.number())
    }
    return counters
  }

  /// CPU time per second in microseconds; 0 without a limit, which is written as -1 or `max`.
  private static func perSecond(_ quota: UInt64?, _ period: UInt64?) -> UInt64 {
    guard let quota, let period, period > 0 else { return 0 }
    return quota.multipliedClamped(by: 1_000_000) / period
  }
}

/// The files of a cgroup that count memory.
struct CgroupMemoryFiles {
  private let usage: CounterFile?
  private let limit: CounterFile?
  /// Version 1.
  private let failures: CounterFile?
  private let killed: CounterFile?
  /// Version 2.
  private let events: CounterFile?

  /// Version 1.
  init(directory: String) {
    usage = CounterFile(directory + "/memory.usage_in_bytes")
    limit = CounterFile(directory + "/memory.limit_in_bytes")
    failures = CounterFile(directory + "/memory.failcnt")
    killed = CounterFile(directory + "/memory.oom_control")
    events = nil
  }

  /// Version 2.
  init(unified directory: String) {
    usage = CounterFile(directory + "/memory.current")
    limit = CounterFile(directory + "/memory.max")
    events = CounterFile(directory + "/memory.events")
    (failures, killed) = (nil, nil)
  }

  /// A limit above this is none: version 1 writes the largest multiple of a page.
  private static let unlimited: UInt64 = 1 << 62

  /// Nil if the cgroup has none of these files any more.
  func read(
    _ number: UInt32, _ path: String, _ buffer: UnsafeMutableRawBufferPointer
  ) -> CgroupMemoryCounters? {
    guard let used = usage?.number(buffer) else { return nil }
    var counters = CgroupMemoryCounters(number: number, path: path)
    counters.usage = used
    if let bytes = limit?.number(buffer), bytes < Self.unlimited { counters.limit = bytes }
    counters.limitEvents = failures?.number(buffer) ?? 0
    if var text = killed?.read(into: buffer) {
      counters.killed = text.number(after: "oom_kill ") ?? 0
    }
    if var text = events?.read(into: buffer) {
      text.forEachLine { line in
        if line.take("high ") {
          counters.highEvents = line.count()
        } else if line.take("max ") {
          counters.limitEvents = line.count()
        } else if line.take("oom_kill ") {
          counters.killed = line.count()
        }
      }
    }
    return counters
  }
}
