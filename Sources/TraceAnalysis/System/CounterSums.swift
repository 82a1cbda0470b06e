internal import TraceEvents

/// Sums of the increases of counters between two readings.
///
/// A counter can go backwards: the kernel corrects idle times, and a device that is removed and
/// added again begins at 0. That is no increase.
func increase(_ from: UInt64, _ to: UInt64) -> UInt64 { to >= from ? to - from : 0 }

extension UInt64 {
  fileprivate mutating func grow(_ from: UInt64, _ to: UInt64, times factor: UInt64 = 1) {
    let (product, isTooLarge) = increase(from, to).multipliedReportingOverflow(by: factor)
    self = addingClamped(isTooLarge ? .max : product)
  }
}

extension SystemReport.CPUTimes {
  mutating func add(_ from: CPUCounters, _ to: CPUCounters, tick_ns: UInt64) {
    user_ns.grow(from.user, to.user, times: tick_ns)
    nice_ns.grow(from.nice, to.nice, times: tick_ns)
    system_ns.grow(from.system, to.system, times: tick_ns)
    idle_ns.grow(from.idle, to.idle, times: tick_ns)
    iowait_ns.grow(from.iowait, to.iowait, times: tick_ns)
    irq_ns.grow(from.irq, to.irq, times: tick_ns)
    softirq_ns.grow(from.softirq, to.softirq, times: tick_ns)
    steal_ns.grow(from.steal, to.steal, times: tick_ns)
  }
}

extension SystemReport.MachineUsage {
  mutating func add(_ from: MachineCounters, _ to: MachineCounters, swap: UInt64) {
    contextSwitches.grow(from.contextSwitches, to.contextSwitches)
    interrupts.grow(from.interrupts, to.interrupts)
    forks.grow(from.forks, to.forks)
    readings += 1
    running = running.addingClamped(UInt64(to.running))
    runningMax = max(runningMax, to.running)
    blockedMax = max(blockedMax, to.blocked)
    available_bytes = min(available_bytes ?? .max, to.available)
    cached_bytes = max(cached_bytes, to.cached)
    dirty_bytes = max(dirty_bytes, to.dirty)
    swapUsed_bytes = max(swapUsed_bytes, increase(to.swapFree, swap))
  }

  mutating func add(_ from: PressureCounters, _ to: PressureCounters) {
    var sums = pressure ?? SystemReport.Pressure()
    sums.cpuSome_ns.grow(from.cpuSome, to.cpuSome, times: 1000)
    sums.memorySome_ns.grow(from.memorySome, to.memorySome, times: 1000)
    sums.memoryFull_ns.grow(from.memoryFull, to.memoryFull, times: 1000)
    sums.ioSome_ns.grow(from.ioSome, to.ioSome, times: 1000)
    sums.ioFull_ns.grow(from.ioFull, to.ioFull, times: 1000)
    pressure = sums
  }
}

extension SystemReport.Disk {
  mutating func add(_ from: DiskCounters, _ to: DiskCounters) {
    reads.grow(from.reads, to.reads)
    read_bytes.grow(from.readBytes, to.readBytes)
    writes.grow(from.writes, to.writes)
    written_bytes.grow(from.writtenBytes, to.writtenBytes)
    busy_ns.grow(from.busy, to.busy, times: 1_000_000)
    waited_ns.grow(from.waited, to.waited, times: 1_000_000)
  }
}

extension SystemReport.Network {
  mutating func add(_ from: NetworkCounters, _ to: NetworkCounters) {
    received_bytes.grow(from.receivedBytes, to.receivedBytes)
    receivedPackets.grow(from.receivedPackets, to.receivedPackets)
    sent_bytes.grow(from.sentBytes, to.sentBytes)
    sentPackets.grow(from.sentPackets, to.sentPackets)
    errors.grow(from.receiveErrors, to.receiveErrors)
    errors.grow(from.sendErrors, to.sendErrors)
    drops.grow(from.receiveDrops, to.receiveDrops)
    drops.grow(from.sendDrops, to.sendDrops)
  }
}

extension SystemReport.ProcessUsage {
  mutating func add(_ from: ProcessCounters, _ to: ProcessCounters, tick_ns: UInt64) {
    cpu_ns.grow(from.cpu, to.cpu)
    user_ns.grow(from.user, to.user, times: tick_ns)
    system_ns.grow(from.system, to.system, times: tick_ns)
    waited_ns.grow(from.waited, to.waited)
    minorFaults.grow(from.minorFaults, to.minorFaults)
    majorFaults.grow(from.majorFaults, to.majorFaults)
    voluntarySwitches.grow(from.voluntary, to.voluntary)
    involuntarySwitches.grow(from.involuntary, to.involuntary)
    read_bytes.grow(from.readBytes, to.readBytes)
    written_bytes.grow(from.writtenBytes, to.writtenBytes)
    resident_bytes = max(resident_bytes, to.resident)
    if to.proportional > 0 {
      proportional_bytes = max(proportional_bytes ?? 0, to.proportional)
    }
    threads = max(threads, to.threads)
    uncountedThreads = max(uncountedThreads, to.uncounted)
  }
}

extension SystemReport.CPUCgroup {
  mutating func add(_ from: CgroupCPUCounters, _ to: CgroupCPUCounters) {
    usage_ns.grow(from.usage, to.usage)
    periods.grow(from.periods, to.periods)
    throttledPeriods.grow(from.throttledPeriods, to.throttledPeriods)
    throttled_ns.grow(from.throttled, to.throttled)
    quota_us_per_s = to.quota == 0 ? nil : to.quota
  }
}

extension SystemReport.MemoryCgroup {
  mutating func add(_ from: CgroupMemoryCounters, _ to: CgroupMemoryCounters) {
    usage_bytes = max(usage_bytes, to.usage)
    limit_bytes = to.limit == 0 ? nil : to.limit
    highEvents.grow(from.highEvents, to.highEvents)
    limitEvents.grow(from.limitEvents, to.limitEvents)
    killed.grow(from.killed, to.killed)
  }
}
