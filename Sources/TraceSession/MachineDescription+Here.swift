import Glibc
import OSStrings
import TraceFormat

extension MachineDescription {
  /// The machine that this process runs on.
  static let here: MachineDescription = {
    var names = utsname()
    uname(&names)
    return MachineDescription(
      hostName: text(&names.nodename),
      operatingSystem: "\(text(&names.sysname)) \(text(&names.release))",
      architecture: text(&names.machine), cpuCount: UInt32(BufferSets.cpuCount),
      pageSize: UInt32(sysconf(Int32(_SC_PAGESIZE))))
  }()

  /// Converts a zero-terminated C array of characters.
  private static func text<T>(_ characters: inout T) -> String {
    withUnsafeBytes(of: &characters) { String(osBytes: $0.prefix { $0 != 0 }) }
  }
}

extension SessionDescription {
  /// A session that begins now.
  static func starting(_ configuration: SessionConfiguration) -> SessionDescription {
    let clock = ClockKind.here
    return SessionDescription(
      name: configuration.name, mode: configuration.mode, clock: clock,
      ticksPerSecond: clock.ticksPerSecond, start: .now(clock), machine: .here)
  }
}
