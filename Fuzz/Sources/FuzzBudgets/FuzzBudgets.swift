// The fuzz target of a session's resource limits for several processes. An input is a sequence of
// operations, each on one of 16 connections; see BudgetProbe for their format.

import CFuzzer
import Glibc
@_spi(Fuzzing) import TraceSession

@main
enum FuzzBudgets {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { FuzzBudgets.testOne($0, $1) })
  }

  static func testOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = BudgetProbe.hear(UnsafeRawBufferPointer(start: start, count: count))
    return 0
  }
}
