import CTraceShims
import Glibc
import OSStrings
import TraceFormat

extension MachineDescription {
  /// The machine that this runs on.
  static let here: MachineDescription = {
    var names = utsname()
    uname(&names)
    return MachineDescription(
      hostName: text(&names.nodename),
      operatingSystem: "\(text(&names.sysname)) \(text(&names.release))",
      architecture: text(&names.machine), cpuCount: UInt32(BufferSets.cpuCount),
      pageSize: UInt32(sysconf(Int32(_SC_PAGESIZE))))
  }()

  /// A C array of characters that ends with NUL.
  private static func text<T>(_ characters: inout T) -> String {
    withUnsafeBytes(of: &characters) { String(osBytes: $0.prefix { $0 != 0 }) }
  }
}

extension SessionDescription {
  /// A session that begins now.
  static func starting(_ configuration: SessionConfiguration) -> SessionDescription {
    let isInvariant = trace_ticks_are_invariant()
    return SessionDescription(
      name: configuration.name, mode: configuration.mode,
      clock: isInvariant ? .counter : .monotonic,
      ticksPerSecond: isInvariant ? ticksPerSecond : 1_000_000_000,
      start: .now(monotonic: !isInvariant), machine: .here)
  }

  /// What the processor states, or what a short look at two clocks shows: readers use it only until
  /// they have two clock syncs.
  private static let ticksPerSecond: UInt64 = {
    let stated = trace_ticks_per_second_stated()
    if stated != 0 { return stated }
    let first = ClockSync.now(monotonic: false)
    usleep(calibrationMicroseconds)
    let second = ClockSync.now(monotonic: false)
    let nanoseconds = second.monotonicNanoseconds - first.monotonicNanoseconds
    return UInt64(Double(second.ticks - first.ticks) / Double(max(1, nanoseconds)) * 1e9)
  }()

  private static let calibrationMicroseconds: UInt32 = 10_000
}
