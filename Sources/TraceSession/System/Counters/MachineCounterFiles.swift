import Glibc
import TraceEvents

/// The files of /proc that count for the whole machine.
struct MachineCounterFiles {
  /// Maximum number of CPUs whose counters are recorded.
  static let cpusMax = 512

  private let stat = CounterFile("/proc/stat")
  private let load = CounterFile("/proc/loadavg")
  private let memory = CounterFile("/proc/meminfo")
  private let cpuPressure = CounterFile("/proc/pressure/cpu")
  private let memoryPressure = CounterFile("/proc/pressure/memory")
  private let ioPressure = CounterFile("/proc/pressure/io")

  /// Number of CPUs that were left out of the last reading.
  private(set) var cpusLeftOut = 0

  /// Memory and swap of the machine in bytes.
  func sizes(_ buffer: UnsafeMutableRawBufferPointer) -> (memory: UInt64, swap: UInt64) {
    guard var text = memory?.read(into: buffer) else { return (0, 0) }
    let memory = text.number(after: "MemTotal:") ?? 0
    return (memory.kibibytes, (text.number(after: "SwapTotal:") ?? 0).kibibytes)
  }

  /// Reads the counters of the CPUs and the machine; nil if they cannot be read.
  mutating func machine(
    _ buffer: UnsafeMutableRawBufferPointer, _ cpu: (_ number: Int, CPUCounters) -> Void
  ) -> MachineCounters? {
    guard var text = stat?.read(into: buffer) else { return nil }
    var machine = MachineCounters()
    var cpus = 0
    text.forEachLine { line in
      if line.take("cpu") {
        // The first line is the sum.
        guard let number = line.number() else { return }
        cpus += 1
        if cpus <= Self.cpusMax { cpu(Int(clamping: number), CPUCounters(&line)) }
      } else if line.take("intr ") {
        machine.interrupts = line.count()
      } else if line.take("ctxt ") {
        machine.contextSwitches = line.count()
      } else if line.take("processes ") {
        machine.forks = line.count()
      } else if line.take("procs_running ") {
        machine.running = UInt32(clamping: line.count())
      } else if line.take("procs_blocked ") {
        machine.blocked = UInt32(clamping: line.count())
      }
    }
    cpusLeftOut = max(0, cpus - Self.cpusMax)
    if var text = load?.read(into: buffer) {
      let whole = text.count().multipliedClamped(by: 100)
      text.skipByte()
      machine.load = UInt32(clamping: whole.addingClamped(min(text.count(), 99)))
    }
    if var text = memory?.read(into: buffer) { machine.readMemory(&text) }
    return machine
  }

  /// Reads the pressure counters; nil if the kernel has none.
  func pressure(_ buffer: UnsafeMutableRawBufferPointer) -> PressureCounters? {
    guard let cpuPressure, var text = cpuPressure.read(into: buffer) else { return nil }
    var counters = PressureCounters()
    counters.cpuSome = Self.total("some", &text) ?? 0
    if var text = memoryPressure?.read(into: buffer) {
      counters.memorySome = Self.total("some", &text) ?? 0
      counters.memoryFull = Self.total("full", &text) ?? 0
    }
    if var text = ioPressure?.read(into: buffer) {
      counters.ioSome = Self.total("some", &text) ?? 0
      counters.ioFull = Self.total("full", &text) ?? 0
    }
    return counters
  }

  /// The number in a line such as `some avg10=0.00 avg60=0.00 avg300=0.00 total=12`.
  private static func total(_ kind: StaticString, _ text: inout CounterText) -> UInt64? {
    var total: UInt64?
    text.forEachLine { line in
      guard total == nil, line.take(kind) else { return }
      line.skipWords(3)
      _ = line.word(endingAt: UInt8(ascii: "="))
      line.skipByte()
      total = line.number()
    }
    return total
  }
}

extension CPUCounters {
  /// Reads the numbers of a line of /proc/stat.
  fileprivate init(_ line: inout CounterText) {
    self.init()
    user = line.count()
    nice = line.count()
    system = line.count()
    idle = line.count()
    iowait = line.count()
    irq = line.count()
    softirq = line.count()
    steal = line.count()
  }
}

extension MachineCounters {
  fileprivate mutating func readMemory(_ text: inout CounterText) {
    text.forEachLine { line in
      if line.take("MemAvailable:") {
        available = line.count().kibibytes
      } else if line.take("Cached:") {
        cached = line.count().kibibytes
      } else if line.take("Dirty:") {
        dirty = line.count().kibibytes
      } else if line.take("SwapFree:") {
        swapFree = line.count().kibibytes
      }
    }
  }
}

extension UInt64 {
  /// The number of bytes, or the largest one.
  var kibibytes: UInt64 { multipliedClamped(by: 1024) }

  /// The product, or the maximum value on overflow.
  func multipliedClamped(by factor: UInt64) -> UInt64 {
    let (product, isTooLarge) = multipliedReportingOverflow(by: factor)
    return isTooLarge ? .max : product
  }
}
