/// A name for a range of addresses.
struct CodeSymbol: Sendable {
  var name: String
  var start: UInt64
  var size: Int
}

/// A few instructions for each function that call the interpreter, so that a native stack shows
/// which function is interpreted.
final class InterpreterStubs {
  private let memory: CodeMemory
  let symbols: [CodeSymbol]
  private static let stubBytes = 32

  init?(for functions: [Function]) {
    guard let memory = CodeMemory(byteCount: functions.count * Self.stubBytes) else { return nil }
    let assembler = Assembler(capacity: 256)
    assembler.push(.rbp)
    assembler.move(.rbp, .rsp)
    let interpreter = unsafeBitCast(Machine.interpreted, to: UInt.self)
    assembler.load(.rax, immediate: UInt64(interpreter))
    assembler.callResult()
    assembler.pop(.rbp)
    assembler.return()
    let code = assembler.finish()
    symbols = functions.map { function in
      memory.write(code, at: function.index * Self.stubBytes)
      return CodeSymbol(
        name: "interpreted \(function.name)",
        start: memory.address(of: function.index * Self.stubBytes), size: code.count)
    }
    self.memory = memory
  }

  func entry(for function: Int) -> Entry { memory.entry(at: function * Self.stubBytes) }
}
