package import TraceEvents

/// Renders events as text, one line per event.
public struct TextEvents: Renderer {
  public let format = OutputFormat.text

  public init() {}

  /// Writes the stream's events, including losses.
  ///
  /// - Cost: no allocation per event, except for one with a stack.
  public func render(
    _ stream: EventStream, _ options: RenderOptions, to output: inout OutputBuffer
  ) throws {
    try stream.write(as: TextFormat(showsUTC: stream.showsUTC), to: &output)
  }
}

/// One line per event, for human readers and for grep:
///
///     12.345678901  cpu 0  pid 1234 tid 1240  Runtime/GCStart  count=3 reason=AllocSmall
///
/// - Strings are quoted and escaped; numbers carry their unit (`objectSize=4096B`); enumerations
///   are shown by name, or by number if the value has no name; flags are `A|B`; bytes are
///   `x"00ff"`.
/// - A thread is shown with its name if the trace contains it: `tid 1240 (worker)`.
/// - A rundown event has `[rundown]` after its name.
/// - A stack is the last field, innermost frame first: `stack=[a!f+0x12 <- b!g+0x3 <- 0x7f00
///   (unloaded)]`.
package struct TextFormat: EventFormat {
  private var table = StepTable<TextStyle>()
  private var origin: OriginText
  private var second: SecondText
  private let showsUTC: Bool

  /// - Parameter showsUTC: whether to show wall-clock time instead of seconds since the trace's
  ///   start.
  package init(showsUTC: Bool = false) {
    origin = OriginText(in: table.arena)
    second = SecondText(in: table.arena)
    self.showsUTC = showsUTC
  }

  package mutating func define(type: Int, schema: EventSchema) {
    let names = uniqueNames(of: schema.fields)
    let steps = schema.fields.indices.map { index in
      let separator = index == 0 ? "  " : " "
      return table.step(
        schema, at: index, prefix: "\(separator)\(escaped(names[index], .text))=")
    }
    table.set(
      EventSteps(
        heading: table.arena.store(escaped("  \(schema.provider)/\(schema.name)", .text)),
        steps: table.arena.store(values: steps), ending: .empty),
      type: type)
  }

  package mutating func begin(_ output: inout OutputBuffer) {}

  package mutating func setThread(name: String?) { origin.setThread(name: name) }

  @inline(__always)
  package mutating func write(
    _ event: EventLine, stack: [NamedFrame], type: Int, to output: inout OutputBuffer
  ) {
    let plan = table[type]
    write(time: event, to: &output)
    origin.append(event, to: &output) { event, threadName, output in
      output.append("  cpu ")
      output.append(cpu: event.cpu, orNone: "-")
      output.append("  pid ")
      output.append(decimal: UInt64(event.pid))
      output.append(" tid ")
      output.append(decimal: UInt64(event.tid))
      if let threadName {
        output.append(" (")
        output.append(escaping: threadName, .text)
        output.append(")")
      }
    }
    output.append(padded: plan.heading)
    if event.isRundown { output.append("  [rundown]") }
    for step in plan.steps {
      output.append(step, event.columns, row: event.row, TextStyle.self)
    }
    if !stack.isEmpty { write(stack: stack, to: &output) }
    output.append(byte: UInt8(ascii: "\n"))
  }

  @inline(__always)
  private mutating func write(time event: EventLine, to output: inout OutputBuffer) {
    if showsUTC {
      second.append(event.unixTime, to: &output) { $1.append(utcSecond: $0) }
      output.append(byte: UInt8(ascii: "Z"))
    } else if event.time >= 0 {
      second.append(event.time, to: &output) { start, output in
        output.append(decimal: UInt64(start) / 1_000_000_000, width: 5)
        output.append(byte: UInt8(ascii: "."))
      }
    } else {
      output.append(seconds: event.time, width: 15)
    }
  }

  package mutating func writeHeld(
    _ event: EventLine, type: Int, to output: inout OutputBuffer
  ) -> Int {
    write(event, stack: [], type: type, to: &output)
    return output.count - 1
  }

  package func write(stack: some StackFrames, to output: inout OutputBuffer) {
    output.append("  stack=[")
    output.append(stack, in: self)
    output.append("]")
  }

  package func write(frame: borrowing NamedFrame, to output: inout OutputBuffer) {
    output.append(frame, .text)
  }

  package mutating func write(_ backfill: BackfillLine, to output: inout OutputBuffer) {
    output.append(seconds: backfill.times.last ?? 0, width: 15)
    output.append("  *** NAMED ")
    output.append(hex: backfill.frame.address)
    output.append(" in pid ")
    output.append(decimal: UInt64(backfill.pid))
    output.append(": ")
    output.append(backfill.frame, .text)
    output.append(backfill.times.count == 1 ? " (event at" : " (events at")
    for time in backfill.times {
      output.append(byte: UInt8(ascii: " "))
      output.append(seconds: time)
    }
    output.append(") ***\n")
  }

  package mutating func write(_ loss: LossLine, to output: inout OutputBuffer) {
    output.append(seconds: loss.to, width: 15)
    output.append("  cpu ")
    output.append(cpu: loss.cpu, orNone: "-")
    output.append("  *** LOST ")
    output.append(decimal: loss.count)
    output.append(loss.count == 1 ? " event: " : " events: ")
    output.append(text: escaped(loss.cause, .text))
    output.append(", since ")
    output.append(seconds: loss.from)
    output.append(" ***\n")
  }
}

enum TextStyle: ValueStyle {
  static var escape: EscapeStyle { .text }
  static var showsUnits: Bool { true }
  static var quote: StaticString { "\"" }
  static var innerQuote: StaticString { "\"" }
  static var arrayQuote: StaticString { "" }
  static var wordQuote: StaticString { "" }
  static var bytesOpening: StaticString { "x\"" }
  static var bytesClosing: StaticString { "\"" }

  static func caseText(_ name: String, isFlag: Bool) -> [UInt8] {
    Array(escaped(name, .text).utf8)
  }
}
