// The drain's fuzz target: an input is what processes write into the memory that they share with a
// session, and when the session looks (RingProbe says how).

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
