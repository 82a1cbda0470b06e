import TestSupport
import Testing
import TraceAnalysis
import TraceFormat

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

  static func writeStack(_ frames: [NamedFrame], to output: inout OutputBuffer) {
    output.append(text: "[" + frames.map(\.function).joined(separator: " "))
    output.append(text: frames.contains(where: \.isProvisional) ? " provisional]" : "]")
  }

  /// Whether a name is final depends on the time alone: its ticket may have been given up for
  /// others.
  @Test(arguments: [false, true]) func theTimeDecidesWhetherANameMayChange(isFinal: Bool) {
    var lines = HeldLines()
    let ticket = PendingTicket(rawValue: 7)
    lines.add(
      time: 10, bytes: Self.text("<>\n"), place: 1,
      frames: [NamedFrame(address: 1, function: "named"), NamedFrame(address: 2)],
      tickets: [nil, ticket])
    let isHeld = lines.rename(ticket, NamedFrame(address: 2, function: "later"))
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
    #expect(text == (isFinal ? "<[named later]>\n" : "<[named later provisional]>\n"))
    #expect(asked == [10])
    // The line was released, so a change of its name is a separate record.
    let isStillHeld = lines.rename(ticket, NamedFrame(address: 2, function: "too late"))
    #expect(!isStillHeld)
  }

  @Test func framesWithoutTicketsAreFinal() {
    var lines = HeldLines()
    lines.add(
      time: 10, bytes: Self.text("<>"), place: 1,
      frames: [NamedFrame(address: 1, function: "f")], tickets: [nil])
    let text = Self.written { output in
      lines.release(
        before: 11, to: &output, isFinal: { _ in false }, writeStack: Self.writeStack)
    }
    #expect(text == "<[f]>")
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
          frames: [NamedFrame(address: 1, function: "f\(time)")], tickets: [nil])
        expected += line + "[f\(time)]|\n"
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
        frames: [NamedFrame(address: 1, function: "f")],
        tickets: [PendingTicket(rawValue: UInt64(time + 1))])
      lines.release(
        before: .min, to: &output, isFinal: { _ in false }, writeStack: Self.writeStack)
      output.flush()
      held = (time + 1) << 20 - sink.bytes.count
      #expect(held <= HeldLines.bytesMax)
    }
    #expect(held > HeldLines.bytesMax - 2 << 20)
    #expect(sink.text.hasPrefix("[f provisional]xxx"))
  }
}
