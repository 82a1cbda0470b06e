import CTraceShims
import Glibc
import TraceEvents
import TraceFormat
import TraceKernel

/// Reads all counters, and writes them as events.
///
/// - Guarantee: files, descriptors and memory are bounded; ``leftOut`` says what was left out.
struct CounterSampler: ~Copyable {
  /// Room for the largest file: /proc/stat has a number for each interrupt.
  private static let bufferBytes = 256 << 10
  /// Number of readings after which a process's program and cgroups are looked up again.
  private static let reviewInterval = 8

  private typealias Stream = CounterOutput.Stream

  private let interval_ns: UInt64
  private let output: CounterOutput
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: Self.bufferBytes, alignment: 8)
  private let ticksPerSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
  private let start_ns = trace_monotonic_ns()
  private var clock = PerfClock(isMonotonic: ClockKind.here == .monotonic)
  private var machine = MachineCounterFiles()
  private var devices = DeviceCounterFiles()
  private var processes: CountedProcesses
  private var cgroups = CgroupTable()
  /// Time of the last event in each process's stream.
  private var lastTicks = [UInt64](repeating: 0, count: CountedProcesses.processesMax)
  private var hasNoPressure = false
  private var hasUncountedThreads = false
  private var hasFailed = false

  init(interval_ns: UInt64, refs: SystemRefs, _ processes: CountedProcesses) {
    (self.interval_ns, self.processes) = (interval_ns, processes)
    output = CounterOutput(refs: refs)
  }

  deinit { buffer.deallocate() }

  /// What the kernel lacks and what was left out, as sentences.
  var leftOut: [String] {
    var sentences: [String] = []
    if hasFailed { sentences.append("/proc/stat cannot be read: there are no counters of CPUs") }
    if hasNoPressure { sentences.append("this kernel does not measure pressure (PSI)") }
    if machine.cpusLeftOut > 0 {
      sentences.append("only the first \(MachineCounterFiles.cpusMax) CPUs have counters")
    }
    let devicesMax = DeviceCounterFiles.devicesMax
    if devices.hasMore.disks { sentences.append("only \(devicesMax) disks have counters") }
    if devices.hasMore.networks {
      sentences.append("only \(devicesMax) network interfaces have counters")
    }
    if processes.hasMore {
      sentences.append("only \(CountedProcesses.processesMax) processes at a time have counters")
    }
    if hasUncountedThreads {
      sentences.append(
        "waits and switches were counted of \(ThreadCounterFiles.threadsMax) threads of a process "
          + "and \(CountedProcesses.threadsMax) in all")
    }
    if cgroups.hasMore {
      sentences.append("only \(CgroupTable.cgroupsMax) cgroups have counters")
    }
    return sentences
  }

  /// Writes how counters are read.
  func describe(_ batch: SystemBatch) {
    let sizes = machine.sizes(buffer)
    let event = SystemCounters(
      interval: interval_ns, ticksPerSecond: UInt32(clamping: ticksPerSecond),
      memory: sizes.memory, swap: sizes.swap,
      note: leftOut.map { $0 + "." }.joined(separator: " "))
    output.add(event, Stream.machine, ClockKind.here.now(), batch)
  }

  /// Reads everything once.
  mutating func sample(_ batch: SystemBatch) {
    clock.look()
    sampleMachine(batch)
    let now = ClockKind.here.now()
    let output = output
    devices.forEachDisk(buffer) { output.add($1, Stream.disks + UInt16($0), now, batch) }
    devices.forEachNetwork(buffer) { output.add($1, Stream.networks + UInt16($0), now, batch) }
    processes.find(batch, atTicks: now)
    for process in processes.processes { sample(process, batch) }
    sampleCgroups(batch)
  }

  private mutating func sampleMachine(_ batch: SystemBatch) {
    let now = ClockKind.here.now()
    let output = output
    let counters = machine.machine(buffer) { number, cpu in
      guard let place = UInt16(exactly: number), place < EventHeader.noCPU - Stream.cpus else {
        return
      }
      output.add(cpu, Stream.cpus + place, cpu: place, now, batch)
    }
    if let counters { output.add(counters, Stream.machine, now, batch) } else { hasFailed = true }
    if let pressure = machine.pressure(buffer) {
      output.add(pressure, Stream.pressure, now, batch)
    } else {
      hasNoPressure = true
    }
  }

  private mutating func sample(_ process: CountedProcess, _ batch: SystemBatch) {
    let now = ClockKind.here.now()
    let read = process.read(
      room: processes.threadRoom, ticksPerSecond: ticksPerSecond, buffer)
    guard var counters = read else {
      processes.remove(process, batch, atTicks: now)
      return
    }
    if counters.uncounted > 0 { hasUncountedThreads = true }
    if process.readings == 0 || process.readings == 1
      || process.readings.isMultiple(of: Self.reviewInterval)
    {
      if var text = process.cgroupText(buffer) { process.cgroups = cgroups.numbers(&text) }
      processes.define(process, batch, atTicks: now)
    }
    counters.cpuCgroup = process.cgroups.cpu
    counters.memoryCgroup = process.cgroups.memory
    let stream = Stream.processes + UInt16(process.slot)
    if process.readings == 0, let began = beginning(of: process) {
      let ticks = min(max(began, lastTicks[process.slot]), now)
      output.add(ProcessCounters(), stream, ticks, process: process, batch)
    }
    process.readings += 1
    lastTicks[process.slot] = now
    output.add(counters, stream, now, process: process, batch)
  }

  /// The time at which a process began; nil if it ran before the session.
  private func beginning(of process: CountedProcess) -> UInt64? {
    // A duration of the machine's sleep is not part of the trace's clock.
    let now_ns = trace_monotonic_ns()
    let asleep_ns = max(trace_boottime_ns(), now_ns) - now_ns
    let tick_ns = 1_000_000_000 / ticksPerSecond
    let since_ns = process.startTime.multipliedClamped(by: tick_ns)
    // The time is rounded down to a unit.
    guard process.startTime > 0, since_ns >= asleep_ns,
      (since_ns - asleep_ns).addingClamped(tick_ns) > start_ns
    else { return nil }
    return clock.ticks(at: max(since_ns - asleep_ns, start_ns))
  }

  private func sampleCgroups(_ batch: SystemBatch) {
    let numbers = processes.processes.map(\.cgroups)
    let now = ClockKind.here.now()
    for number in Set(numbers.map(\.cpu)).subtracting([0]).sorted() {
      guard let counters = cgroups.readCPU(number, buffer) else { continue }
      output.add(counters, Stream.cpuCgroups + UInt16(clamping: number), now, batch)
    }
    for number in Set(numbers.map(\.memory)).subtracting([0]).sorted() {
      guard let counters = cgroups.readMemory(number, buffer) else { continue }
      output.add(counters, Stream.memoryCgroups + UInt16(clamping: number), now, batch)
    }
  }
}
