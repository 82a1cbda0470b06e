// The fuzz target of unwinding: stacks and call frame information; see UnwindProbe for the format
// of an input.

import CFuzzer
import Glibc
@_spi(Fuzzing) import TraceSymbols

@main
enum FuzzUnwind {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { FuzzUnwind.testOne($0, $1) })
  }

  static func testOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = UnwindProbe.read(UnsafeRawBufferPointer(start: start, count: count))
    return 0
  }
}
