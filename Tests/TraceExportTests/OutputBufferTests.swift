import Glibc
import Testing
import TraceFormat

@testable import TraceExport

@Suite struct OutputBufferTests {
  @Test func bytesArriveInOrderAcrossFlushes() {
    var expected = ""
    let bytes = written(capacity: 4096) { output in
      for number in 0..<5000 {
        output.append(decimal: UInt64(number))
        output.append("\n")
        expected += "\(number)\n"
      }
    }
    #expect(String(decoding: bytes, as: UTF8.self) == expected)
  }

  @Test func aStringLongerThanTheBufferIsWhole() {
    let long = String(repeating: "abcdefgh\u{1b}", count: 20_000)
    let bytes = written(capacity: 4096) { $0.append(escaping: long, .text) }
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == String(repeating: "abcdefgh\\x1b", count: 20_000))
  }

  @Test func aFullDiskIsReportedOnceAndNothingMoreIsWritten() {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    var output = OutputBuffer(DescriptorSink(descriptor), capacity: 4096)
    for _ in 0..<10_000 { output.append("0123456789") }
    #expect(output.failure == ENOSPC)
  }
}
