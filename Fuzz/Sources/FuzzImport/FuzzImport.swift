// The fuzz target of importers: an input is a recording of any kind that can be imported.

import CFuzzer
import Glibc
@_spi(Fuzzing) import TraceImport

@main
enum FuzzImport {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { FuzzImport.testOne($0, $1) })
  }

  static func testOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = ImportProbe.read(UnsafeRawBufferPointer(start: start, count: count))
    return 0
  }
}
