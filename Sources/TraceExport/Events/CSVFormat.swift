package import TraceEvents

/// Renders events as comma-separated values, one row per event.
public struct CSVEvents: Renderer {
  public let format = OutputFormat("csv", fileExtensions: ["csv"])

  public init() {}

  /// Writes the stream's events, including losses.
  ///
  /// - Cost: no allocation per event, except for one with a stack.
  public func render(
    _ stream: EventStream, _ options: RenderOptions, to output: inout OutputBuffer
  ) throws {
    try stream.write(as: CSVFormat(collectsOther: stream.growth != nil), to: &output)
  }
}

/// Comma-separated values (RFC 4180): a header line, then one row per event, each ended by CR LF.
///
/// - The first columns are fixed. They are followed by one column per field name of the event types
///   known at the start, so that fields with the same name share a column. A column is empty if the
///   event has no such field.
/// - With `collectsOther`, a last column `other` contains the fields without a column, as
///   `name=value`. These belong to event types that first appear later, in a file that is still
///   being written.
/// - `stack` contains the frames, innermost first, as in ``TextFormat``. A changed name of frames
///   in earlier events is one row per event, with the cause `named`, the event's time and pid, and
///   the stack `0x…=module!function+0x12`.
/// - Values are written unchanged, even if they begin with `=`, `+`, `-` or `@`, as numbers do. A
///   spreadsheet interprets such text as a formula; import the columns as text there.
/// - A row is one line: line breaks and other control characters in strings are escaped with a
///   backslash as in ``TextFormat``.
package struct CSVFormat: EventFormat {
  private static let fixedColumns = [
    "time_ns", "unix_ns", "cpu", "pid", "tid", "provider", "event", "rundown", "lost", "cause",
    "stack",
  ]

  private var table = StepTable<CSVStyle>()
  private var origin: OriginText
  private var timeSecond: SecondText
  private var unixSecond: SecondText
  private var columns: [String: Int] = [:]
  private var columnNames: [String] = []
  private var schemas: [Int: EventSchema] = [:]
  private var hasBegun = false
  private let collectsOther: Bool

  package init(collectsOther: Bool = false) {
    self.collectsOther = collectsOther
    origin = OriginText(in: table.arena)
    timeSecond = SecondText(in: table.arena)
    unixSecond = SecondText(in: table.arena)
  }

  package mutating func define(type: Int, schema: EventSchema) {
    if hasBegun {
      setSteps(schema, type: type)
      return
    }
    schemas[type] = schema
    for name in uniqueNames(of: schema.fields) where columns[name] == nil {
      columns[name] = columnNames.count
      columnNames.append(name)
    }
  }

  package mutating func begin(_ output: inout OutputBuffer) {
    hasBegun = true
    for (type, schema) in schemas { setSteps(schema, type: type) }
    let names = Self.fixedColumns + columnNames.map(csvCell) + (collectsOther ? ["other"] : [])
    output.append(text: names.joined(separator: ",") + "\r\n")
  }

  /// Sets up the fields in the order of their columns, with commas for the empty columns between.
  private mutating func setSteps(_ schema: EventSchema, type: Int) {
    let names = uniqueNames(of: schema.fields)
    let placed = names.indices.filter { columns[names[$0]] != nil }
      .sorted { columns[names[$0]]! < columns[names[$1]]! }
    var position = -1
    var steps: [FieldStep] = []
    for index in placed {
      let column = columns[names[index]]!
      let commas = String(repeating: ",", count: column - position)
      steps.append(table.step(schema, at: index, prefix: commas))
      position = column
    }
    var ending = String(repeating: ",", count: columnNames.count - 1 - position)
    if collectsOther {
      ending += ","
      for index in names.indices where columns[names[index]] == nil {
        let prefix = "\(ending)\(csvCell(names[index]))="
        steps.append(table.step(schema, at: index, prefix: prefix))
        ending = " "
      }
      if ending == " " { ending = "" }
    }
    table.set(
      EventSteps(
        heading: table.arena.store(",\(csvCell(schema.provider)),\(csvCell(schema.name))"),
        steps: table.arena.store(values: steps), ending: table.arena.store(ending + "\r\n")),
      type: type)
  }

  /// Does nothing, because there is no column for the thread's name.
  package mutating func setThread(name: String?) {}

  @inline(__always)
  package mutating func write(
    _ event: EventLine, stack: [NamedFrame], type: Int, to output: inout OutputBuffer
  ) {
    writeHead(event, type: type, to: &output)
    if !stack.isEmpty { write(stack: stack, to: &output) }
    writeFields(event, type: type, to: &output)
  }

  package mutating func writeHeld(
    _ event: EventLine, type: Int, to output: inout OutputBuffer
  ) -> Int {
    writeHead(event, type: type, to: &output)
    let place = output.count
    writeFields(event, type: type, to: &output)
    return place
  }

  @inline(__always)
  private mutating func writeHead(
    _ event: EventLine, type: Int, to output: inout OutputBuffer
  ) {
    timeSecond.append(number: event.time, to: &output)
    output.append(byte: UInt8(ascii: ","))
    unixSecond.append(number: event.unixTime, to: &output)
    origin.append(event, to: &output) { event, _, output in
      output.append(",")
      output.append(cpu: event.cpu, orNone: "")
      output.append(",")
      output.append(decimal: UInt64(event.pid))
      output.append(",")
      output.append(decimal: UInt64(event.tid))
    }
    output.append(padded: table[type].heading)
    output.append(event.isRundown ? ",1,,," : ",,,,")
  }

  @inline(__always)
  private func writeFields(
    _ event: EventLine, type: Int, to output: inout OutputBuffer
  ) {
    let plan = table[type]
    for step in plan.steps {
      output.append(step, event.columns, row: event.row, CSVStyle.self)
    }
    output.append(padded: plan.ending)
  }

  package func write(stack: some StackFrames, to output: inout OutputBuffer) {
    output.append("\"")
    output.append(stack, in: self)
    output.append("\"")
  }

  package func write(frame: borrowing NamedFrame, to output: inout OutputBuffer) {
    output.append(frame, .csv)
  }

  package mutating func write(_ backfill: BackfillLine, to output: inout OutputBuffer) {
    for time in backfill.times {
      output.append(decimal: time)
      output.append(",,,")
      output.append(decimal: UInt64(backfill.pid))
      output.append(",,,,,,named,\"")
      output.append(hex: backfill.frame.address)
      output.append("=")
      output.append(backfill.frame, .csv)
      output.append("\"")
      output.append(text: emptyFields)
      output.append("\r\n")
    }
  }

  private var emptyFields: String {
    String(repeating: ",", count: columnNames.count + (collectsOther ? 1 : 0))
  }

  package mutating func write(_ loss: LossLine, to output: inout OutputBuffer) {
    output.append(decimal: loss.to)
    output.append(",,")
    output.append(cpu: loss.cpu, orNone: "")
    output.append(",,,,,,")
    output.append(decimal: loss.count)
    output.append(text: ",\(csvCell(loss.cause)),")
    output.append(text: emptyFields)
    output.append("\r\n")
  }
}

enum CSVStyle: ValueStyle {
  static var escape: EscapeStyle { .csv }
  static var showsUnits: Bool { false }
  static var quote: StaticString { "\"" }
  static var innerQuote: StaticString { "\"\"" }
  static var arrayQuote: StaticString { "\"" }
  static var wordQuote: StaticString { "" }
  static var bytesOpening: StaticString { "" }
  static var bytesClosing: StaticString { "" }

  static func caseText(_ name: String, isFlag: Bool) -> [UInt8] { Array(csvCell(name).utf8) }
}
