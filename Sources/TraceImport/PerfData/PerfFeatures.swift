/// The features of a recording: facts in sections after the data, or in records of a stream.
struct PerfFeatures {
  /// HEADER_*.
  enum Number {
    static let tracingData = 1
    static let buildIDs = 2
    static let host = 3
    static let release = 4
    static let architecture = 6
    static let cpuCount = 7
    static let commandLine = 11
    static let events = 12
    static let auxiliary = 18
    static let compressed = 27
    static let clock = 29
  }

  /// More of a feature is not read.
  static let bytesMax = 64 << 20
  private static let buildIDsMax = 1 << 16

  var host = ""
  var release = ""
  var architecture = ""
  var cpuCount: UInt32 = 0
  var arguments: [String] = []
  /// Build ids by the path that the records have.
  var buildIDs: [String: [UInt8]] = [:]
  /// A clock, and simultaneous readings of it and of the wall clock in nanoseconds.
  var clock: (id: UInt32, wall: UInt64, time: UInt64)?
  var tracepoints = TracepointFormats()

  mutating func read(
    _ number: Int, _ bytes: UnsafeRawBufferPointer, _ events: inout PerfEvents
  ) {
    var reader = ForeignReader(bytes)
    switch number {
    case Number.tracingData: tracepoints.read(bytes)
    case Number.buildIDs: readBuildIDs(bytes)
    case Number.host: host = reader.sized()
    case Number.release: release = reader.sized()
    case Number.architecture: architecture = reader.sized()
    case Number.cpuCount: cpuCount = reader.word32()
    case Number.commandLine:
      let count = reader.word32()
      for _ in 0..<min(count, 4096) where !reader.isShort { arguments.append(reader.sized()) }
    case Number.events: Self.readEvents(&reader, &events)
    case Number.clock:
      reader.skip(4)
      let id = reader.word32()
      let (wall, time) = (reader.word64(), reader.word64())
      if !reader.isShort { clock = (id, wall, time) }
    default: break
    }
  }

  private static func readEvents(_ reader: inout ForeignReader, _ events: inout PerfEvents) {
    let (count, size) = (reader.word32(), reader.word32())
    guard size >= PerfAttributes.bytesMin, size <= PerfAttributes.bytesMax else { return }
    for _ in 0..<min(count, UInt32(PerfEvents.eventsMax)) {
      let attributes = PerfAttributes(reader.bytes(UInt64(size)))
      let idCount = reader.word32()
      let name = reader.sized()
      let ids = ForeignBytes(reader.bytes(UInt64(idCount) * 8))
      guard !reader.isShort else { return }
      events.describe(
        attributes, name: name, ids: (0..<ids.count / 8).map { ids.word64(8 * $0) })
    }
  }

  private mutating func readBuildIDs(_ bytes: UnsafeRawBufferPointer) {
    let all = ForeignBytes(bytes)
    var offset = 0
    while all.has(offset, 36) {
      let size = Int(all.word16(offset + 6))
      guard size >= 36, all.has(offset, size) else { return }
      addBuildID(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + size]))
      offset += size
    }
  }

  /// Adds an entry: a header, a pid, the id in 24 bytes, and the path.
  mutating func addBuildID(_ record: UnsafeRawBufferPointer) {
    let bytes = ForeignBytes(record)
    let hasLength = bytes.word16(4) & 1 << 15 != 0
    let length = hasLength ? Int(bytes.word8(32)) : 20
    guard (1...20).contains(length), buildIDs.count < Self.buildIDsMax else { return }
    buildIDs[bytes.text(36, bytes.count - 36)] = Array(bytes.slice(12, length))
  }
}
