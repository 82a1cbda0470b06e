internal import Glibc
internal import OSStrings
internal import TraceFormat

/// Where and when a recording was made, as far as it can be told.
struct PerfPlace {
  /// The directory of the recording; nil if it has none.
  var directory: String?
  /// Whether it was recorded on this machine, by host and kernel.
  var isHere = false
  /// Whether it was recorded since this machine's last boot.
  var isThisBoot = false
  /// CLOCK_REALTIME minus the recording's clock, in nanoseconds; nil if it is not known.
  var wallOffset: Int64?
  /// Whether ``wallOffset`` was derived from this machine's clocks, not from the recording.
  var isWallEstimated = false
  /// Whether the times are those of CLOCK_MONOTONIC.
  var isMonotonic = false

  init(
    _ source: ImportSource, _ features: PerfFeatures, clock: Int32?, start: UInt64,
    kernelText: UInt64?
  ) {
    if let path = source.path {
      directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      isHere = Self.isThisMachine(features)
    }
    isMonotonic = clock == CLOCK_MONOTONIC
    let (monotonic, wall) = (Self.now(CLOCK_MONOTONIC), Self.now(CLOCK_REALTIME))
    let wallAtStart = wall &- monotonic &+ Int64(clamping: start)
    if isHere, let modified = source.modified_ns {
      isThisBoot =
        start <= UInt64(max(0, monotonic))
        && Int64(clamping: modified) >= wallAtStart &- Self.slack_ns
        && Self.hasKernelText(at: kernelText)
    }
    if let clock = features.clock {
      wallOffset = Int64(clamping: clock.wall) &- Int64(clamping: clock.time)
    } else if isThisBoot {
      wallOffset = wall &- monotonic
      isWallEstimated = true
    }
  }

  private static let slack_ns: Int64 = 5_000_000_000

  /// The readings of the clocks at a time.
  func sync(at time: UInt64) -> ClockSync {
    let wall = wallOffset.map { Int64(clamping: time) &+ $0 } ?? 0
    return ClockSync(
      ticks: time, monotonicNanoseconds: time, realtimeNanoseconds: UInt64(max(0, wall)))
  }

  private static func now(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  private static func isThisMachine(_ features: PerfFeatures) -> Bool {
    var names = utsname()
    guard uname(&names) == 0, !features.host.isEmpty else { return false }
    func text<T>(_ field: T) -> String {
      withUnsafeBytes(of: field) { String(osBytes: $0.prefix { $0 != 0 }) }
    }
    return text(names.nodename) == features.host && text(names.release) == features.release
  }

  /// Whether the running kernel lies where the recorded one did, which each boot chooses anew.
  /// True if either of the two does not say.
  private static func hasKernelText(at address: UInt64?) -> Bool {
    guard let address, address != 0,
      let bytes = OSPath.contents(AT_FDCWD, "/proc/kallsyms", limit: 1 << 20)
    else { return true }
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: " "))
      guard parts.count >= 3, parts[2].elementsEqual("_text".utf8) else { continue }
      let own = UInt64(String(decoding: parts[0], as: UTF8.self), radix: 16) ?? 0
      return own == 0 || own == address
    }
    return true
  }
}
