import Glibc

/// `/tmp/perf-PID.map`: a line for each piece of code when it is created. It has no times and no
/// ends, so readers must read it while the addresses are valid.
final class PerfMap: CodeListener {
  private let file: OutputFile

  init() throws(OutputFile.Failure) { file = try OutputFile(path: "/tmp/perf-\(getpid()).map") }

  func announce(_ stubs: [CodeSymbol]) {
    for stub in stubs { write(stub.start, stub.size, stub.name) }
    file.flush()
  }

  func codeBegins(_ code: CodeRecord, _ bytes: UnsafeRawBufferPointer) { write(code) }
  func codeEnds(_ code: CodeRecord) {}
  func codeMoves(_ old: CodeRecord, to new: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
    write(new)
  }

  private func write(_ code: CodeRecord) {
    write(code.start, code.size, code.fullName)
    // Immediately, because a reader has only the time at which it reads the line.
    file.flush()
  }

  private func write(_ start: UInt64, _ size: Int, _ name: String) {
    file.write("\(String(start, radix: 16)) \(String(size, radix: 16)) \(name)\n")
  }
}

extension CodeRecord {
  /// The name for files, which have no separate namespace.
  var fullName: String { "\(CodeAnnouncer.namespace)::\(name)" }
}
