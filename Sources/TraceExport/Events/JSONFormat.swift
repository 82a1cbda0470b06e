internal import TraceAnalysis
package import TraceEvents

/// Renders events as JSON, one object per line.
public struct JSONEvents: Renderer {
  public let format = OutputFormat(
    "json", fileExtensions: ["json", "jsonl"], summary: "an object a line")

  public init() {}

  /// Writes the stream's events, including losses.
  ///
  /// - Cost: no allocation per event, except for one with a stack.
  public func render(
    _ stream: EventStream, _ options: RenderOptions, to output: inout OutputBuffer
  ) throws {
    try stream.write(as: JSONFormat(), to: &output)
  }
}

/// One JSON object per line (RFC 8259), in UTF-8.
///
///     {"time_ns":12345678901,"unix_ns":…,"utc":"…Z","cpu":0,"pid":1234,"tid":1240,
///      "provider":"Runtime","event":"GCStart","fields":{"count":3,"reason":"AllocSmall"}}
///
/// - Numbers are JSON numbers of up to 64 bits. A reader that stores them as doubles rounds those
///   above 2^53. The wall-clock time, which exceeds 2^53, is therefore also given as text: `utc`.
/// - Addresses and fields with a hexadecimal hint are strings, `"0x7f00"`; so are NaN and the
///   infinities.
/// - An enumeration is its name, or the number if it has no name; flags are one string, `"A|B"`;
///   bytes are hexadecimal digits. Bytes of a string that are not UTF-8 become U+FFFD. In System's
///   events and in the paths of images, whose strings come from the operating system, the byte 0xNN
///   becomes U+10FFNN.
/// - `"thread":"worker"` follows `tid` if the trace contains the thread's name.
/// - `"rundown":true` and `"stack":["0x…"]` are present if they apply. A stack is accompanied by
///   `"frames"`, with one object per frame:
///   `{"module":"libc.so.6","function":"memcpy","offset":18}`, or `{"unresolved":"never
///   announced"}`. With source lines, a frame has `"file":"/src/work.c","line":12`, and its inlined
///   calls, innermost first: `"inlined":[{"function":…,"file":…,"line":…}]`.
/// - A changed name of frames in earlier events is an object with only the key `"backfill"`:
///   `{"backfill":{"pid":1,"address":"0x…","times_ns":[…],"frame":{…}}}`.
/// - A loss is an object with `"lost"`, the number of events, and no `"event"`.
package struct JSONFormat: EventFormat {
  private var table = StepTable<JSONStyle>()
  private var origin: OriginText
  private var timeSecond: SecondText
  private var unixSecond: SecondText
  private var utcSecond: SecondText

  package init() {
    origin = OriginText(in: table.arena)
    timeSecond = SecondText(in: table.arena)
    unixSecond = SecondText(in: table.arena)
    utcSecond = SecondText(in: table.arena)
  }

  package mutating func define(type: Int, schema: EventSchema) {
    let names = uniqueNames(of: schema.fields)
    let steps = schema.fields.indices.map { index in
      let separator = index == 0 ? "" : ","
      return table.step(
        schema, at: index, prefix: "\(separator)\(quoted(names[index])):")
    }
    let heading =
      ",\"provider\":\(quoted(schema.provider)),\"event\":\(quoted(schema.name)),\"fields\":{"
    table.set(
      EventSteps(
        heading: table.arena.store(heading), steps: table.arena.store(values: steps),
        ending: .empty),
      type: type)
  }

  package mutating func begin(_ output: inout OutputBuffer) {}

  package mutating func setThread(name: String?) { origin.setThread(name: name) }

  @inline(__always)
  package mutating func write(
    _ event: EventLine, stack: [NamedFrame], type: Int, to output: inout OutputBuffer
  ) {
    let plan = table[type]
    output.append("{\"time_ns\":")
    timeSecond.append(number: event.time, to: &output)
    output.append(",\"unix_ns\":")
    unixSecond.append(number: event.unixTime, to: &output)
    output.append(",\"utc\":\"")
    utcSecond.append(event.unixTime, to: &output) { $1.append(utcSecond: $0) }
    output.append("Z\"")
    origin.append(event, to: &output) { event, threadName, output in
      output.append(",\"cpu\":")
      output.append(cpu: event.cpu, orNone: "null")
      output.append(",\"pid\":")
      output.append(decimal: UInt64(event.pid))
      output.append(",\"tid\":")
      output.append(decimal: UInt64(event.tid))
      if let threadName {
        output.append(",\"thread\":\"")
        output.append(escaping: threadName, .json)
        output.append("\"")
      }
    }
    output.append(padded: plan.heading)
    for step in plan.steps {
      output.append(step, event.columns, row: event.row, JSONStyle.self)
    }
    output.append("}")
    if event.isRundown { output.append(",\"rundown\":true") }
    if !stack.isEmpty { write(stack: stack, to: &output) }
    output.append("}\n")
  }

  package mutating func writeHeld(
    _ event: EventLine, type: Int, to output: inout OutputBuffer
  ) -> Int {
    write(event, stack: [], type: type, to: &output)
    return output.count - 2
  }

  package func write(stack: some StackFrames, to output: inout OutputBuffer) {
    output.append(",\"stack\":[")
    for index in 0..<stack.count {
      output.append(index > 0 ? ",\"" : "\"")
      output.append(hex: stack.address(index))
      output.append("\"")
    }
    output.append("],\"frames\":[")
    for index in 0..<stack.count {
      if index > 0 { output.append(",") }
      stack.write(index, in: self, to: &output)
    }
    output.append("]")
  }

  package func write(frame: borrowing NamedFrame, to output: inout OutputBuffer) {
    output.append(byte: UInt8(ascii: "{"))
    if !frame.module.isEmpty {
      output.append("\"module\":\"")
      output.append(escaping: frame.module, .json)
      output.append("\",")
    }
    if frame.function.isEmpty {
      output.append("\"unresolved\":\"")
      output.append(escaping: frame.reason, .json)
      output.append("\"}")
      return
    }
    output.append("\"function\":\"")
    output.append(escaping: frame.function, .json)
    output.append("\",\"offset\":")
    output.append(decimal: frame.offset)
    if frame.isUncertain { output.append(",\"uncertain\":true") }
    if frame.isProvisional { output.append(",\"provisional\":true") }
    write(frame.source, to: &output)
    output.append("}")
  }

  private func write(_ source: borrowing FrameSource, to output: inout OutputBuffer) {
    write(source.place, to: &output)
    if source.inlined.isEmpty { return }
    output.append(",\"inlined\":[")
    for (index, call) in source.inlined.enumerated() {
      output.append(index > 0 ? ",{\"function\":\"" : "{\"function\":\"")
      output.append(escaping: call.function, .json)
      output.append("\"")
      write(call.place, to: &output)
      output.append("}")
    }
    output.append("]")
  }

  private func write(_ place: FrameSource.Place?, to output: inout OutputBuffer) {
    guard let place else { return }
    output.append(",\"file\":\"")
    output.append(escaping: place.file, .json)
    output.append("\",\"line\":")
    output.append(decimal: UInt64(place.line))
  }

  package mutating func write(_ backfill: BackfillLine, to output: inout OutputBuffer) {
    output.append("{\"backfill\":{\"pid\":")
    output.append(decimal: UInt64(backfill.pid))
    output.append(",\"address\":\"")
    output.append(hex: backfill.frame.address)
    output.append("\",\"times_ns\":[")
    for (index, time) in backfill.times.enumerated() {
      if index > 0 { output.append(",") }
      output.append(decimal: time)
    }
    output.append("],\"frame\":")
    write(frame: backfill.frame, to: &output)
    output.append("}}\n")
  }

  package mutating func write(_ loss: LossLine, to output: inout OutputBuffer) {
    output.append("{\"time_ns\":")
    output.append(decimal: loss.to)
    output.append(",\"since_ns\":")
    output.append(decimal: loss.from)
    output.append(",\"cpu\":")
    output.append(cpu: loss.cpu, orNone: "null")
    output.append(",\"lost\":")
    output.append(decimal: loss.count)
    output.append(text: ",\"cause\":\(quoted(loss.cause))}\n")
  }
}

func quoted(_ text: String) -> String { "\"\(escaped(text, .json))\"" }

enum JSONStyle: ValueStyle {
  static var escape: EscapeStyle { .json }
  static var showsUnits: Bool { false }
  static var quote: StaticString { "\"" }
  static var innerQuote: StaticString { "\"" }
  static var arrayQuote: StaticString { "" }
  static var wordQuote: StaticString { "\"" }
  static var bytesOpening: StaticString { "\"" }
  static var bytesClosing: StaticString { "\"" }

  static func caseText(_ name: String, isFlag: Bool) -> [UInt8] {
    Array((isFlag ? escaped(name, .json) : quoted(name)).utf8)
  }
}
