import CTraceShims

/// An independent log of which function occupied which addresses from when to when: what tests
/// compare a trace with. One line for each beginning and end:
///
///     begin <CLOCK_MONOTONIC ns> <ticks> <start, hexadecimal> <size> <serial> <name>
///     end <CLOCK_MONOTONIC ns> <ticks> <start, hexadecimal> <size> <serial> <name>
///
/// The time of a beginning is before the code could run, the time of an end is after it could for
/// the last time.
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
