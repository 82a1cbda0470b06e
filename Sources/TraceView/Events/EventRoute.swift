internal import TraceAnalysis
internal import TraceEvents
internal import TraceExport
internal import TraceFormat

/// Rows of the table of events.
enum EventRoute {
  static let rowsMax = 1000
  /// An answer ends after the event with which it has this many bytes.
  static let bytesMax = 8 << 20

  /// Events from a row on: `row`, `count` and a filter; or with `at`, the row of the first event at
  /// or after a time.
  static func answer(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    let filter = try EventFilter(query)
    let count = try query.number("count", in: 0...rowsMax, default: 100)
    var row = try query.number("row", in: 0...Int.max, default: 0)
    let at = try query.number("at", as: Int64.self)
    // The first rows need no table, and its making takes a run over the trace.
    if row == 0, at == nil, filter.admitsAll {
      let all = Int(clamping: file.eventCount)
      return try rows(file, filter, row: 0, skip: 0, from: .min, to: .max, count, all)
    }
    let tables = try place.tables(query.number("file", in: 0...9, default: 0))
    let table = try tables.table(file, filter)
    if let at { row = try rank(file, filter, table, at) }
    guard let part = table.part(ofRow: row) else {
      return try rows(file, filter, row: row, skip: 0, from: 0, to: 0, 0, table.count)
    }
    let end = table.time(afterRow: row.addingReportingOverflow(count).partialValue)
    return try rows(
      file, filter, row: row, skip: row - part.rank, from: part.from, to: end, count, table.count)
  }

  /// Number of events before a time.
  private static func rank(
    _ file: TraceFile, _ filter: EventFilter, _ table: EventTable, _ time: Int64
  ) throws -> Int {
    guard let part = table.part(ofTime: time), time > part.from else {
      return table.part(ofTime: time)?.rank ?? 0
    }
    let replay = Replay(file)
    let tests = filter.tests(file)
    var rank = part.rank
    replay.onAny(
      where: filter.replayFilter(within: part.from...(time - 1)), fields: filter.fields
    ) { event in
      if tests[event.typeIndex].allSatisfy({ $0.passes(event) }) { rank += 1 }
    }
    try replay.run()
    return min(rank, max(table.count - 1, 0))
  }

  private static func rows(
    _ file: TraceFile, _ filter: EventFilter, row: Int, skip: Int, from: Int64, to: Int64,
    _ count: Int, _ total: Int
  ) throws -> Answer {
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    output.append(text: "{\"total\":\(total),\"row\":\(row),\"events\":[")
    if count > 0 {
      try withUnsafeMutablePointer(to: &output) { output in
        let rows = EventRows(file, filter, skip: skip, count: count, output, sink)
        try rows.write(from...max(from, to))
      }
    }
    output.append(text: "]}\n")
    output.flush()
    return Answer(mediaType: "application/json", bytes: sink.bytes)
  }

  /// One event with its stack: those of a thread at a time.
  static func event(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    guard let at = try query.number("at", as: Int64.self) else {
      throw Refusal(400, "The parameter 'at' is missing.")
    }
    let replay = Replay(file)
    replay.filter.time = at...at
    replay.filter.pids = try query.ids("pid")
    replay.filter.tids = try query.ids("tid")
    let stream = EventStream(replay)
    stream.limit = 20
    stream.stacks = .named(place.symbols, SourceDetail(lines: true, inlined: true))
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    try JSONEvents().render(stream, RenderOptions(), to: &output)
    output.flush()
    let lines = sink.bytes.split(separator: UInt8(ascii: "\n"))
    let list = [UInt8](lines.joined(separator: [UInt8(ascii: ",")]))
    let bytes = Array("{\"events\":[".utf8) + list + Array("]}\n".utf8)
    return Answer(mediaType: "application/json", bytes: bytes)
  }
}

/// Writes consecutive events as elements of an array.
private final class EventRows {
  private let file: TraceFile
  private let filter: EventFilter
  private var skip: Int
  private var left: Int
  private let output: UnsafeMutablePointer<OutputBuffer>
  private let sink: MemorySink
  private var format = JSONFormat()
  private var isFirst = true

  init(
    _ file: TraceFile, _ filter: EventFilter, skip: Int, count: Int,
    _ output: UnsafeMutablePointer<OutputBuffer>, _ sink: MemorySink
  ) {
    (self.file, self.filter, self.skip, left) = (file, filter, skip, count)
    (self.output, self.sink) = (output, sink)
    for type in file.eventTypes { format.define(type: type.index, schema: type.schema) }
  }

  func write(_ part: ClosedRange<Int64>) throws {
    let replay = Replay(file)
    let tests = filter.tests(file)
    replay.onAny(where: filter.replayFilter(within: part)) { [self] event in
      guard tests[event.typeIndex].allSatisfy({ $0.passes(event) }) else { return }
      guard skip == 0 else {
        skip -= 1
        return
      }
      let header = event.header
      output.pointee.append(
        text: "\(isFirst ? "" : ",")[\(header.timestamp),\(header.stack == .none ? 0 : 1),")
      isFirst = false
      let line = EventLine(
        time: header.timestamp, unixTime: header.unixNanoseconds, cpu: UInt32(header.cpu),
        pid: header.pid, tid: header.tid, isRundown: header.flags.contains(.rundown),
        columns: event.columns, row: event.row)
      format.write(line, stack: [], type: event.typeIndex, to: &output.pointee)
      output.pointee.append(text: "]")
      left -= 1
      if left == 0 || sink.bytes.count > EventRoute.bytesMax { throw ReplayStop() }
    }
    try replay.run()
  }
}
