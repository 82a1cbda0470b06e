// The fuzz target of what a .NET runtime says over its diagnostics socket. An input's first byte
// selects what is answered (0: what the process is, 1: a session begins, 2: the runtime connects by
// itself); the rest is what the runtime sends.

import CFuzzer
import Glibc
@_spi(Fuzzing) import TraceSession

@main
enum FuzzDiagnostics {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { FuzzDiagnostics.testOne($0, $1) })
  }

  static func testOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = DiagnosticProbe.hear(UnsafeRawBufferPointer(start: start, count: count))
    return 0
  }
}
