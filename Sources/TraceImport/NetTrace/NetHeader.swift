/// What a .nettrace file says about itself: clock, process, machine.
struct NetHeader {
  /// Nanoseconds since 1970 at the beginning; nil if the file does not say.
  var start_ns: UInt64?
  var startTicks: UInt64 = 0
  private(set) var frequency: UInt64 = 1_000_000_000
  private(set) var pointerBytes = 8
  var processID: UInt32 = 0
  var processors: UInt32 = 0
  /// The time that a sample stands for; 0 if the file does not say.
  var samplingInterval_ns: UInt64 = 0
  /// What the file says that cannot be, as sentences without the file as their subject.
  private(set) var damage: [String] = []
  /// Ticks are this number of nanoseconds; 0 if that is no whole number.
  private var factor: UInt64 = 1

  /// The bytes of the object "Trace" of versions 4 and 5.
  static let objectBytes = 48
  private static let pairsMax = 4096

  /// Reads the object of versions 4 and 5.
  init(object bytes: UnsafeRawBufferPointer) {
    var cursor = NetCursor(bytes)
    readCommon(&cursor)
    processID = cursor.take(UInt32.self)
    processors = min(cursor.take(UInt32.self), 65_536)
    samplingInterval_ns = UInt64(cursor.take(UInt32.self))
  }

  /// Reads the block of version 6.
  init(block bytes: UnsafeRawBufferPointer) {
    var cursor = NetCursor(bytes)
    readCommon(&cursor)
    let pairs = cursor.take(UInt32.self)
    for _ in 0..<min(Int(pairs), Self.pairsMax) where cursor.rest > 0 {
      let (key, value) = (cursor.name8(), cursor.name8())
      switch key {
      case "ProcessId": processID = UInt32(value) ?? 0
      case "HardwareThreadCount": processors = min(UInt32(value) ?? 0, 65_536)
      case "ExpectedCPUSamplingRate": samplingInterval_ns = UInt64(value) ?? 0
      default: break
      }
    }
    if cursor.isShort { damage.append("ends within the description of the recording") }
  }

  private mutating func readCommon(_ cursor: inout NetCursor) {
    start_ns = NetCalendar.nanoseconds((0..<8).map { _ in cursor.take(Int16.self) })
    startTicks = cursor.take(UInt64.self)
    frequency = cursor.take(UInt64.self)
    if frequency == 0 || frequency > 1 << 40 {
      damage.append("says that its clock has \(frequency) ticks a second; nanoseconds are assumed")
      frequency = 1_000_000_000
    }
    factor = 1_000_000_000 % frequency == 0 ? 1_000_000_000 / frequency : 0
    let size = cursor.take(UInt32.self)
    if size != 4, size != 8 {
      damage.append("says that addresses have \(size) bytes; 8 are assumed")
    }
    pointerBytes = size == 4 ? 4 : 8
  }

  /// A time in nanoseconds.
  @inline(__always)
  func nanoseconds(_ ticks: UInt64) -> UInt64 {
    let latest = UInt64(Int64.max)
    if factor > 0 {
      let (product, overflows) = ticks.multipliedReportingOverflow(by: factor)
      return overflows ? latest : min(product, latest)
    }
    let product = ticks.multipliedFullWidth(by: 1_000_000_000)
    guard product.high < frequency else { return latest }
    return min(frequency.dividingFullWidth(product).quotient, latest)
  }
}
