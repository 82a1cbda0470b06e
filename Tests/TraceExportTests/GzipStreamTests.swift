import Glibc
import TestSupport
import Testing
import TraceFormat

@testable import TraceExport

/// A stream of several parts, which a thread compresses, equals one that is compressed at once.
@Suite(.randomized) struct GzipStreamTests {
  /// Parts that wait for the thread, and some that it waits for.
  private func parts(_ count: Int) -> [ProtobufMessage] {
    var random = SeededGenerator(UInt64(count))
    return (0..<count).map { number in
      var part = ProtobufMessage()
      let values = (0..<(number % 3 == 0 ? 10 : 20_000)).map { _ in
        UInt64.random(in: 0...5000, using: &random)
      }
      part.field(1, packed: values)
      return part
    }
  }

  private func compressed(_ parts: [ProtobufMessage], isEnded: Bool = true) -> [UInt8] {
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    var stream = GzipStream()
    for (index, part) in parts.enumerated() {
      stream.write(part, isLast: isEnded && index == parts.count - 1, to: &output)
    }
    output.flush()
    #expect(output.failure == 0)
    return sink.bytes
  }

  @Test(arguments: [1, 2, 3, 40]) func partsAreInTheirOrder(count: Int) {
    let parts = parts(count)
    var whole: [UInt8] = []
    let deflater = Deflater(level: 4)
    for (index, part) in parts.enumerated() {
      let isDone = part.withBytes {
        deflater.write($0, isLast: index == count - 1, to: &whole)
      }
      #expect(isDone)
    }
    #expect(whole.starts(with: [0x1f, 0x8b]))
    #expect(compressed(parts) == whole)
  }

  @Test func whatIsNotEndedDoesNotWait() {
    for _ in 0..<20 { _ = compressed(parts(7), isEnded: false) }
  }

  /// A stream that is complete takes no more.
  @Test(arguments: [1, 2]) func errorsFailTheOutput(count: Int) {
    var output = OutputBuffer(MemorySink())
    var stream = GzipStream()
    for (index, part) in parts(count).enumerated() {
      stream.write(part, isLast: index == count - 1, to: &output)
    }
    #expect(output.failure == 0)
    stream.write(parts(1)[0], isLast: true, to: &output)
    #expect(output.failure == EIO)
  }
}
