// The fuzz target of jitdump files: an input is a file.

import CFuzzer
import Glibc
@_spi(Fuzzing) import TraceSymbols

@main
enum FuzzJitdump {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { FuzzJitdump.testOne($0, $1) })
  }

  static func testOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = JitdumpProbe.read(UnsafeRawBufferPointer(start: start, count: count))
    return 0
  }
}
