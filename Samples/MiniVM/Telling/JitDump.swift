import CTraceShims
import Glibc

/// `jit-PID.dump`, version 1 of perf's format: code with its bytes and source lines when it is
/// created or moved, and a closing record at the end.
final class JitDump: CodeListener {
  private enum Record: UInt32 { case load = 0, move = 1, lines = 2, close = 3 }

  private static let magic: UInt32 = 0x4a69_5444
  private static let headerBytes: UInt32 = 40
  private static let prefixBytes = 16
  /// EM_X86_64, EM_AARCH64.
  #if arch(x86_64)
    private static let machine: UInt32 = 62
  #else
    private static let machine: UInt32 = 183
  #endif

  private let file: OutputFile
  private let sourceFile: String
  /// The mapping by which readers find the file.
  private let marker: UnsafeMutableRawPointer?
  private var indexOfSerial: [UInt64: UInt64] = [:]
  private var lastIndex: UInt64 = 0

  init(directory: String, sourceFile: String) throws(OutputFile.Failure) {
    file = try OutputFile(path: "\(directory)/jit-\(getpid()).dump")
    self.sourceFile = sourceFile
    let header: [UInt32] = [
      Self.magic, 1, Self.headerBytes, Self.machine, 0, UInt32(bitPattern: getpid()),
    ]
    for word in header { file.write(word) }
    file.write(trace_monotonic_ns())
    file.write(UInt64(0))
    file.flush()
    marker = file.mapExecutable()
  }

  private func begin(_ record: Record, byteCount: Int) {
    file.write(record.rawValue)
    file.write(UInt32(Self.prefixBytes + byteCount))
    file.write(trace_monotonic_ns())
  }

  private func writeThread() {
    file.write(UInt32(bitPattern: getpid()))
    file.write(trace_thread_id())
  }

  func announce(_ stubs: [CodeSymbol]) {
    for stub in stubs {
      let code = UnsafeRawBufferPointer(
        start: UnsafeRawPointer(bitPattern: UInt(stub.start)), count: stub.size)
      lastIndex += 1
      writeLoad(stub.start, stub.name, code, index: lastIndex)
    }
    file.flush()
  }

  func codeBegins(_ code: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
    writeLines(code)
    lastIndex += 1
    indexOfSerial[code.serial] = lastIndex
    writeLoad(code.start, code.fullName, bytes, index: lastIndex)
    file.flush()
  }

  /// The format has no record for the end of code; code loaded at the same address ends it.
  func codeEnds(_ code: CodeRecord) { indexOfSerial[code.serial] = nil }

  func codeMoves(_ old: CodeRecord, to new: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
    let index = indexOfSerial.removeValue(forKey: old.serial) ?? 0
    indexOfSerial[new.serial] = index
    begin(.move, byteCount: 48)
    writeThread()
    for word in [new.start, old.start, new.start, UInt64(new.size), index] { file.write(word) }
    file.flush()
  }

  func finish() {
    begin(.close, byteCount: 0)
    file.flush()
  }

  private func writeLoad(
    _ start: UInt64, _ name: String, _ code: UnsafeRawBufferPointer, index: UInt64
  ) {
    begin(.load, byteCount: 40 + name.utf8.count + 1 + code.count)
    writeThread()
    for word in [start, start, UInt64(code.count), index] { file.write(word) }
    file.write(name.utf8)
    file.write(UInt8(0))
    file.write(code)
  }

  /// Written before the load that it describes, with one entry for each change of line.
  private func writeLines(_ code: CodeRecord) {
    let changes = code.lines.indices.filter { $0 == 0 || code.lines[$0] != code.lines[$0 - 1] }
    let nameBytes = sourceFile.utf8.count + 1
    begin(.lines, byteCount: 16 + changes.count * (16 + nameBytes))
    file.write(code.start)
    file.write(UInt64(changes.count))
    for place in changes {
      // Code before the first instruction belongs to its line, too. Readers interpret a first row
      // that is offset by an ELF header's size as V8's format.
      file.write(code.start + (place == 0 ? 0 : UInt64(code.placeOffsets[place])))
      file.write(code.lines[place])
      file.write(UInt32(0))
      file.write(sourceFile.utf8)
      file.write(UInt8(0))
    }
  }
}
