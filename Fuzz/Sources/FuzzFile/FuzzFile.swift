// The file reader's fuzz target. Checksums would keep a fuzzer out of the blocks, so an input's
// first byte determines how the rest is used:
//
// - 0: the bytes are a file.
// - any other: the bytes are the payload of a block of that kind (1 to 7), with correct header and
//   checksums, in a file that defines an event type of every field type.

import CFuzzer
import Glibc
import TraceFormat

@main
enum FuzzFile {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments) { FuzzFile.testOne($0, $1) })
  }

  static func testOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let input = UnsafeBufferPointer(start: start, count: count)
    let rest = Array(input.dropFirst())
    read(input[0] == 0 ? rest : SealedTrace.bytes(kind: input[0], payload: rest))
    return 0
  }
}

/// Calls all functions of a reader.
private func read(_ bytes: [UInt8]) {
  guard let file = try? TraceFile(bytes: bytes) else { return }
  var sum = UInt64(file.providers.count &+ file.processes.count)
  let replay = Replay(file)
  replay.onAny { event in
    sum &+= UInt64(truncatingIfNeeded: event.header.timestamp)
    for field in 0..<event.fieldCount {
      sum &+= event.word(field)
      sum &+= UInt64(event.bytes(field).last ?? 0)
      var elements = event.elements(field)
      while let text = elements.nextBytes() { sum &+= UInt64(text.first ?? 0) }
    }
    sum &+= file.stack(event.header.stack).last ?? 0
  }
  replay.onLoss { sum &+= $0.count }
  try? replay.run()
  try? file.verify()
  file.forEachStackNodes { nodes in
    for (index, parent) in nodes.parents.enumerated() where parent != .max {
      precondition(parent < nodes.firstID.rawValue + UInt32(index), "a caller after its callee")
    }
    sum &+= nodes.addresses.last ?? 0
  }
  for id in 1...8 as ClosedRange<UInt32> {
    precondition(file.stack(StackID(rawValue: id)).count <= 8193, "an endless stack")
  }
  for image in file.symbols { sum &+= UInt64(image.functions.count) }
  precondition(file.damage.count <= bytes.count + 1, "more damage than bytes")
}
