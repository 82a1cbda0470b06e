import Foundation
import TraceEvents
import TraceFormat

/// A directory with hand-made trace files, removed when the object is released.
final class TraceFixture {
  let directory: String

  init() throws {
    directory = NSTemporaryDirectory() + "/tracectl-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func path(_ name: String) -> String { directory + "/" + name }

  /// The start of the trace; ticks are nanoseconds.
  static let start: UInt64 = 5_000_000_000
  static let startRealtime: UInt64 = 1_700_000_000_000_000_000

  static let session = SessionDescription(
    name: "fixture", clock: .monotonic, ticksPerSecond: 1_000_000_000,
    start: ClockSync(
      ticks: start, monotonicNanoseconds: start, realtimeNanoseconds: startRealtime),
    machine: MachineDescription(
      hostName: "host", operatingSystem: "Linux 6.18", architecture: "x86_64", cpuCount: 2))

  static let order = EventSchema(
    provider: "Shop", id: 1, name: "OrderPlaced", keywords: Keywords(rawValue: 2),
    fields: [FieldSchema("id", .uint64), FieldSchema("customer", .string)])

  /// Writes five events of two processes on two CPUs, and a loss between them.
  func small(_ name: String = "small.etl") throws -> String {
    let path = path(name)
    var writer = try TraceWriter(path: path, session: Self.session)
    try define(in: &writer)
    writer.beginStretch(stream: 0, cpu: 0)
    append(GCStart(count: 1, depth: 0, reason: .allocSmall), ref: 1, at: 1_000, to: &writer)
    append(GCEnd(count: 1, depth: 0), ref: 2, at: 3_000, to: &writer)
    append(
      GCStart(count: 2, depth: 2, reason: GCReason(rawValue: 77)), ref: 1, at: 5_000, to: &writer,
      stack: [0x7f00_0010, 0x7f00_0020])
    writer.beginStretch(stream: 1, cpu: 1)
    append(order: 7, "Ann \"\u{1b}[31m\n", at: 2_000, to: &writer)
    append(order: 8, "Bob, Jr.", at: 2_000_000_000, to: &writer, flags: .rundown)
    writer.loss(
      LossRecord(
        stream: 1, cpu: 1, cause: .bufferFull, count: 12, fromTicks: Self.start + 2_500,
        toTicks: Self.start + 4_000))
    try writer.finish()
    return path
  }

  /// Writes `count` GCEnd events, a microsecond apart, in blocks of 1000.
  func large(_ name: String = "large.etl", count: Int) throws -> String {
    let path = path(name)
    var options = TraceWriter.Options()
    options.blockEvents = 1000
    var writer = try TraceWriter(path: path, session: Self.session, options: options)
    try define(in: &writer)
    writer.beginStretch(stream: 0, cpu: 0)
    for number in 0..<count {
      append(
        GCEnd(count: UInt32(number), depth: 0), ref: 2, at: UInt64(number) * 1000, to: &writer)
    }
    try writer.finish()
    return path
  }

  func define(in writer: inout TraceWriter) throws {
    try writer.define(ref: 1, schema: GCStart.schema)
    try writer.define(ref: 2, schema: GCEnd.schema)
    try writer.define(ref: 3, schema: Self.order)
    writer.define(
      provider: ProviderSchema(name: "Runtime", keywords: RuntimeSchema.keywords, events: []))
    writer.define(
      process: ProcessRecord(
        index: 0, pid: 1234, executable: "/usr/bin/java", arguments: ["java", "-jar", "shop.jar"],
        joinTicks: Self.start))
    writer.define(
      process: ProcessRecord(
        index: 1, pid: 1300, executable: "/usr/bin/shop", joinTicks: Self.start))
  }

  func append(
    _ event: some TraceEvent, ref: UInt16, at nanoseconds: UInt64, to writer: inout TraceWriter,
    stack: [UInt64] = []
  ) {
    append(ref: ref, at: nanoseconds, process: 0, tid: 1240, stack: stack, to: &writer) {
      event.encode(into: &$0)
    }
  }

  func append(
    order id: UInt64, _ customer: String, at nanoseconds: UInt64, to writer: inout TraceWriter,
    flags: EventFlags = []
  ) {
    append(ref: 3, at: nanoseconds, process: 1, tid: 1301, flags: flags, to: &writer) {
      $0.encode(id)
      $0.encode(customer)
    }
  }

  private func append(
    ref: UInt16, at nanoseconds: UInt64, process: UInt32, tid: UInt32, flags: EventFlags = [],
    stack: [UInt64] = [], to writer: inout TraceWriter, _ encode: (inout EventEncoder) -> Void
  ) {
    var words = [UInt64](repeating: 0, count: 64)
    let used = words.withUnsafeMutableBytes { bytes in
      var encoder = EventEncoder(bytes)
      encode(&encoder)
      return encoder.byteCount / 8
    }
    words.replaceSubrange(used..<used + stack.count, with: stack)
    let flags = stack.isEmpty ? flags : flags.union(.stack)
    let isAppended = writer.append(
      ref: ref, ticks: Self.start + nanoseconds, process: process, tid: tid,
      flags: flags.rawValue, words: words, count: used + stack.count)
    precondition(isAppended)
  }
}
