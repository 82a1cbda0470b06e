import TestSupport
import Testing
import TraceFormat

@testable import TraceAnalysis
@testable import TraceExport

/// Lines held for the names of their frames are released in order, with the names known by then.
@Suite(.randomized) struct HeldLinesTests {
  static func text(_ bytes: String) -> OutputBuffer {
    var buffer = OutputBuffer(collecting: 1 << 20)
    buffer.append(text: bytes)
    return buffer
  }

  /// Returns what `write` appends to a buffer.
  static func written(_ write: (inout OutputBuffer) -> Void) -> String {
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    write(&output)
    output.flush()
    return sink.text
  }

  /// Returns an answer for a stack of these frames.
  static func answer(_ resolutions: [Resolution]) -> StackAnswer {
    var stacks = PendingStacks()
    let addresses = resolutions.indices.map { UInt64($0) + 1 }
    let number = stacks.number(
      of: PendingStacks.Key(pid: 1, isCaller: false, addresses: addresses))
    return StackAnswer(stacks[number], resolutions, AnswerRegister())
  }

  /// Returns a name, which is shown as its number.
  static func name(_ number: UInt32) -> Resolution {
    .symbol(SymbolID(rawValue: number), offset: 0, certainty: .certain)
  }

  static let unnamed = Resolution.unresolved(.neverAnnounced, module: nil)

  static func writeStack(_ answer: StackAnswer, isFinal: Bool, to output: inout OutputBuffer) {
    let names = answer.resolutions.map { $0.symbolID.map { "\($0.rawValue)" } ?? "-" }
    output.append(text: "[" + names.joined(separator: " "))
    output.append(text: isFinal ? "]" : " provisional]")
  }

  /// Whether a name is final depends on the time alone: its ticket may have been given up for
  /// others.
  @Test(arguments: [false, true]) func theTimeDecidesWhetherANameMayChange(isFinal: Bool) {
    var lines = HeldLines()
    let ticket = PendingTicket(rawValue: 7)
    lines.add(
      time: 10, bytes: Self.text("<>\n"), place: 1,
      stack: Self.answer([Self.name(1), Self.unnamed]), ticket: ticket)
    let isHeld = lines.rename(ticket, Self.answer([Self.name(1), Self.name(2)]))
    #expect(isHeld)
    var asked: [Int64] = []
    let text = Self.written { output in
      lines.release(
        before: 11, to: &output,
        isFinal: { time in
          asked.append(time)
          return isFinal
        }, writeStack: Self.writeStack)
    }
    #expect(text == (isFinal ? "<[1 2]>\n" : "<[1 2 provisional]>\n"))
    #expect(asked == [10])
    // The line was released, so a change of its name is a separate record.
    let isStillHeld = lines.rename(ticket, Self.answer([Self.name(1), Self.name(3)]))
    #expect(!isStillHeld)
  }

  @Test func stacksWithoutTicketsAreFinal() {
    var lines = HeldLines()
    lines.add(
      time: 10, bytes: Self.text("<>"), place: 1,
      stack: Self.answer([Self.name(4)]), ticket: nil)
    let text = Self.written { output in
      lines.release(
        before: 11, to: &output, isFinal: { _ in false }, writeStack: Self.writeStack)
    }
    #expect(text == "<[4]>")
  }

  @Test func linesLeaveInOrderWhole() {
    var lines = HeldLines()
    var random = SeededGenerator()
    var (expected, actual) = ("", "")
    for time in 0..<5000 {
      let line = "\(time) " + String(repeating: "x", count: random.below(200))
      if random.below(3) == 0 {
        lines.add(
          time: Int64(time), bytes: Self.text(line + "|\n"), place: line.utf8.count,
          stack: Self.answer([Self.name(UInt32(time))]), ticket: nil)
        expected += line + "[\(time)]|\n"
      } else {
        lines.add(time: Int64(time), bytes: Self.text(line + "\n"), place: line.utf8.count)
        expected += line + "\n"
      }
      if random.below(50) == 0 {
        actual += Self.written { output in
          lines.release(
            before: Int64(time - random.below(100)), to: &output, isFinal: { _ in true },
            writeStack: Self.writeStack)
        }
        #expect(expected.hasPrefix(actual))
      }
    }
    actual += Self.written { output in
      lines.release(
        before: .max, to: &output, isFinal: { _ in true }, writeStack: Self.writeStack)
    }
    #expect(actual == expected)
  }

  /// Lines with the same names share them, so that they cost no memory per frame.
  @Test(arguments: [true, false]) func framesCountOncePerAnswer(isShared: Bool) {
    var lines = HeldLines()
    var stacks = PendingStacks()
    let names = [Resolution](repeating: Self.name(1), count: 8192)
    let key = PendingStacks.Key(
      pid: 1, isCaller: false, addresses: [UInt64](repeating: 1, count: names.count))
    let number = stacks.number(of: key)
    let register = AnswerRegister()
    let answer = StackAnswer(stacks[number], names, register)
    for time in 0..<200 {
      lines.add(
        time: Int64(time), bytes: Self.text("x"), place: 1,
        stack: isShared ? answer : StackAnswer(stacks[number], names, register),
        ticket: PendingTicket(rawValue: UInt64(time + 1)))
    }
    let isFull = lines.isFull
    #expect(isFull == !isShared)
    // Renamed, each line has names of its own.
    for time in 0..<200 {
      let isHeld = lines.rename(
        PendingTicket(rawValue: UInt64(time + 1)), StackAnswer(stacks[number], names, register))
      #expect(isHeld)
    }
    let isFullRenamed = lines.isFull
    #expect(isFullRenamed)
    _ = Self.written { output in
      lines.release(
        before: .max, to: &output, isFinal: { _ in true }, writeStack: Self.writeStack)
    }
    let isEmpty = lines.isEmpty && !lines.isFull
    #expect(isEmpty)
  }

  /// Beyond the limit, the oldest lines are released before their time, and marked.
  @Test func noMoreThanTheLimitIsHeld() {
    var lines = HeldLines()
    let bytes = Self.text(String(repeating: "x", count: 1 << 20))
    var held = 0
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    for time in 0..<80 {
      lines.add(
        time: Int64(time), bytes: bytes, place: 0,
        stack: Self.answer([Self.name(1)]), ticket: PendingTicket(rawValue: UInt64(time + 1)))
      lines.release(
        before: .min, to: &output, isFinal: { _ in false }, writeStack: Self.writeStack)
      output.flush()
      held = (time + 1) << 20 - sink.bytes.count
      #expect(held <= HeldLines.bytesMax)
    }
    #expect(held > HeldLines.bytesMax - 2 << 20)
    #expect(sink.text.hasPrefix("[1 provisional]xxx"))
  }
}
