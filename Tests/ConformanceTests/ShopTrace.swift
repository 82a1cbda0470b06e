import Foundation
import TestSupport
import TraceEvents

@testable import TraceFormat

/// The trace of SPEC.md, "A whole file".
enum ShopTrace {
  static let sale = EventSchema(
    provider: "Shop", id: 1, name: "Sale", keywords: Keywords(rawValue: 1),
    fields: [.init("n", .uint64), .init("item", .string)])

  static let session = SessionDescription(
    name: "demo", mode: .discard, clock: .monotonic, ticksPerSecond: 1_000_000_000,
    start: ClockSync(
      ticks: 1000, monotonicNanoseconds: 5000, realtimeNanoseconds: 1_700_000_000_000_000_000),
    machine: MachineDescription(
      hostName: "h", operatingSystem: "Linux", architecture: "x86_64", cpuCount: 2, pageSize: 4096))

  static let process = ProcessRecord(
    index: 0, pid: 77, parentPID: 1, uid: 1000, startTime: 4242, executable: "/bin/shop",
    arguments: ["shop"], joinTicks: 1001)

  static let symbols = ImageSymbols(
    path: "/bin/shop", buildID: [0xab, 0xcd],
    functions: [
      ImageFunction(offset: 0x1000, size: 0x40, name: "sell"),
      ImageFunction(offset: 0x2000, size: 0x20, name: "main"),
    ])

  static func bytes() throws -> [UInt8] {
    let directory = TemporaryDirectory()
    let path = directory.path + "/shop.etl"
    var options = TraceWriter.Options()
    options.fileID = 0x1234_5678
    var writer = try TraceWriter(path: path, session: session, options: options)
    writer.define(
      provider: ProviderSchema(
        name: "Shop", keywords: [KeywordSchema("Orders", Keywords(rawValue: 1))], events: []))
    try writer.define(ref: 1, schema: sale)
    writer.define(process: process)
    append(&writer, ticks: 2000, stream: 0, 1, "tea")
    append(&writer, ticks: 2010, stream: 0, 2, "cup")
    append(&writer, ticks: 2025, stream: 0, 3, "tea", stack: [0x401000, 0x402000])
    append(&writer, ticks: 2005, stream: 1, 9, "pot", stack: [0x401010, 0x402000])
    writer.loss(
      LossRecord(
        stream: 1, cpu: 1, cause: .bufferFull, count: 3, fromTicks: 2005, toTicks: 2040,
        processIndex: 0))
    writer.define(symbols: symbols)
    try writer.finish()
    return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  private static func append(
    _ writer: inout TraceWriter, ticks: UInt64, stream: UInt32, _ n: UInt64, _ item: String,
    stack: [UInt64] = []
  ) {
    let text = item.utf8.enumerated().reduce(UInt64(0)) {
      $0 | UInt64($1.element) << UInt64(8 * $1.offset)
    }
    let words = [n, UInt64(item.utf8.count), text] + stack
    writer.beginStretch(stream: stream, cpu: UInt16(stream))
    let fits = writer.append(
      ref: 1, ticks: ticks, process: 0, tid: 78, flags: stack.isEmpty ? 0 : 2, words: words,
      count: words.count)
    precondition(fits)
  }
}
