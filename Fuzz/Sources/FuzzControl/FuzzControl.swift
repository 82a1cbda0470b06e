// The control protocol's fuzz target. An input's first byte selects the sender (even: a process;
// odd: a session); packets follow, each after its length in two bytes, little endian.

import CFuzzer
import Glibc
@_spi(Fuzzing) import TraceSession

@main
enum FuzzControl {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { FuzzControl.testOne($0, $1) })
  }

  static func testOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = ConversationProbe.hear(UnsafeRawBufferPointer(start: start, count: count))
    return 0
  }
}
