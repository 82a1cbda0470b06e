import CTraceShims

/// An independent log of the functions' address ranges and lifetimes, with which tests compare a
/// trace. One line for each start and end:
///
///     begin <CLOCK_MONOTONIC ns> <ticks> <start, hexadecimal> <size> <serial> <name>
///     end <CLOCK_MONOTONIC ns> <ticks> <start, hexadecimal> <size> <serial> <name>
///
/// The time of a start is before the code can run; the time of an end is after it can run for the
/// last time.
final class Oracle: CodeListener {
  private let file: OutputFile

  init(path: String) throws(OutputFile.Failure) { file = try OutputFile(path: path) }

  func codeBegins(_ code: CodeRecord, _ bytes: UnsafeRawBufferPointer) { note("begin", code) }

  func codeEnds(_ code: CodeRecord) { note("end", code) }

  func codeMoves(_ old: CodeRecord, to new: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
    note("end", old)
    note("begin", new)
  }

  func finish() { file.flush() }

  private func note(_ what: String, _ code: CodeRecord) {
    let (time, ticks) = (trace_monotonic_ns(), trace_ticks())
    let start = String(code.start, radix: 16)
    file.write("\(what) \(time) \(ticks) \(start) \(code.size) \(code.serial) \(code.name)\n")
  }
}
