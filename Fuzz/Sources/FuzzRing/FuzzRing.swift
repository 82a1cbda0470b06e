// The drain's fuzz target: an input contains the writes of processes to the memory shared with a
// session, and the times at which the session reads it (see RingProbe).

import CFuzzer
import Glibc
@_spi(Fuzzing) import TraceSession

@main
enum FuzzRing {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { FuzzRing.testOne($0, $1) })
  }

  static func testOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = RingProbe.drain(UnsafeRawBufferPointer(start: start, count: count))
    return 0
  }
}
