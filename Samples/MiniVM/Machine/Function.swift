/// A function that is loaded: its bytecode in memory that does not move.
final class Function {
  let index: Int
  let name: String
  let parameterCount: Int
  let captureCount: Int
  /// Registers that hold a value when it is called: arguments, and for a closure itself.
  let givenCount: Int
  let registerCount: Int
  let code: UnsafeMutablePointer<Instruction>
  let codeCount: Int
  let constants: UnsafeMutableBufferPointer<Value>
  let handlers: [ExceptionHandler]
  let lines: [UInt32]
  /// How often the interpreter was asked to run it.
  var callCount = 0
  /// The machine code that runs when it is called.
  var compiled: CompiledMethod?
  /// Versions compiled so far.
  var versionCount = 0
  /// The best tier it has earned so far: it comes back in that one.
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
