/// A loaded function; its bytecode is in memory that does not move.
final class Function {
  let index: Int
  let name: String
  let parameterCount: Int
  let captureCount: Int
  /// Number of registers that have a value at a call: the arguments and, for a closure, the closure
  /// itself.
  let givenCount: Int
  let registerCount: Int
  let code: UnsafeMutablePointer<Instruction>
  let codeCount: Int
  let constants: UnsafeMutableBufferPointer<Value>
  let handlers: [ExceptionHandler]
  let lines: [UInt32]
  /// Number of interpreted calls.
  var callCount = 0
  /// The machine code that runs at a call.
  var compiled: CompiledMethod?
  /// Number of versions compiled so far.
  var versionCount = 0
  /// Whether it reached the optimized tier before, in which it is then recompiled.
  var isWorthOptimizing = false

  init(_ source: FunctionCode, index: Int, constants: UnsafeMutableBufferPointer<Value>) {
    self.index = index
    name = source.name
    parameterCount = source.parameters.count
    captureCount = source.captureCount ?? 0
    givenCount = parameterCount + (source.captureCount == nil ? 0 : 1)
    registerCount = max(source.registerCount, givenCount, 1)
    codeCount = source.instructions.count
    code = .allocate(capacity: codeCount)
    code.initialize(from: source.instructions, count: codeCount)
    self.constants = constants
    handlers = source.handlers
    lines = source.lines
  }

  deinit {
    code.deallocate()
    constants.deallocate()
  }

  /// The runtime's handle in events.
  var methodID: UInt64 { 0x1000 + UInt64(index) }

  var signature: String { "(\(parameterCount))" }

  func handler(for place: Int) -> ExceptionHandler? {
    handlers.first { $0.range.contains(place) }
  }
}
