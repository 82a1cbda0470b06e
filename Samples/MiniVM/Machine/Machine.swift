import Glibc

/// A loaded program with its runtime. Used on one thread.
final class Machine {
  struct Options {
    var nurseryBytes = 1 << 20
    var seed: UInt64 = 1
    /// The program's own arguments.
    var arguments: [Int] = []
    /// The time at which the built-in `running()` becomes false (CLOCK_MONOTONIC).
    var deadlineNanoseconds = UInt64.max
    var output: (String) -> Void = { print($0) }
  }

  let context = Context()
  /// The entry of each function.
  let entries: UnsafeMutablePointer<Entry>
  let functions: [Function]
  let shapes: [RecordShape]
  let fieldNames: [String]
  /// For each field name, a byte for each shape: the field's position, or ``noField``.
  let fieldTables: [UnsafeMutablePointer<UInt8>]
  let globals: UnsafeMutableBufferPointer<Value>
  let stack: Registers
  let options: Options
  private(set) var heap: Heap!
  /// Nil if there is only the interpreter.
  var compiler: TierCompiler?
  var random: SplitMix
  /// The current instruction, for the positions in exceptions.
  var current: UnsafePointer<Instruction>

  static let noField: UInt8 = 255
  private static let stackWords = 1 << 20
  /// The part of the thread's stack that native frames may use.
  private static let nativeBytes = 5 << 20
  /// Maximum number of registers of a function, so that a frame beyond the limit still fits.
  private static let stackReserve = 8192

  init(_ program: ProgramCode, _ options: Options) {
    self.options = options
    random = SplitMix(state: options.seed)
    shapes = program.shapes
    fieldNames = program.fieldNames
    functions = program.functions.enumerated().map { index, code in
      let constants = UnsafeMutableBufferPointer<Value>.allocate(capacity: code.constants.count)
      constants.initialize(repeating: .none)
      return Function(code, index: index, constants: constants)
    }
    fieldTables = program.fieldNames.map { Self.table(of: $0, in: program.shapes) }
    globals = .allocate(capacity: program.globalCount)
    globals.initialize(repeating: .none)
    stack = .allocate(capacity: Self.stackWords)
    entries = .allocate(capacity: functions.count)
    entries.initialize(repeating: Self.interpreted, count: functions.count)
    current = UnsafePointer(functions[0].code)
    let constants = functions.map(\.constants)
    heap = Heap(nurseryBytes: options.nurseryBytes) { [context, stack, globals] visit in
      visit(stack, context.top - stack)
      if let base = globals.baseAddress { visit(base, globals.count) }
      for pool in constants { if let base = pool.baseAddress { visit(base, pool.count) } }
      let exception = UnsafeMutableRawPointer(context.words + Context.Word.exception.rawValue)
      visit(exception.assumingMemoryBound(to: Value.self), 1)
    }
    fillContext()
    for (function, code) in zip(functions, program.functions) { setConstants(function, code) }
  }

  deinit {
    for table in fieldTables { table.deallocate() }
    globals.deallocate()
    stack.deallocate()
    entries.deallocate()
    context.words.deallocate()
  }

  private func fillContext() {
    context.top = stack
    context[.stackLimit] = UInt64(
      UInt(bitPattern: stack + Self.stackWords - Self.stackReserve))
    context.exception = .none
    context[.entries] = UInt64(UInt(bitPattern: entries))
    context[.machine] = UInt64(UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()))
    var local = 0
    withUnsafeMutablePointer(to: &local) {
      context[.nativeLimit] = UInt64(UInt(bitPattern: $0)) - UInt64(Self.nativeBytes)
    }
  }

  private func setConstants(_ function: Function, _ code: FunctionCode) {
    for (place, constant) in code.constants.enumerated() {
      function.constants[place] =
        switch constant {
        case .nothing: .none
        case .boolean(let value): Value(value)
        case .integer(let value): Value(integer: value)
        case .float(let value): Value(value)
        case .string(let text): Value(heap.allocateOld(string: text.utf8))
        }
    }
  }

  private static func table(
    of field: String, in shapes: [RecordShape]
  ) -> UnsafeMutablePointer<UInt8> {
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: max(shapes.count, 1))
    for (index, shape) in shapes.enumerated() {
      table[index] = shape.fields.firstIndex(of: field).map { UInt8($0) } ?? noField
    }
    return table
  }

  /// Runs the main part to its end; returns an uncaught exception as text.
  func run() -> String? {
    guard call(0, stack) else { return text(of: context.exception) }
    return nil
  }

  /// Calls a function through its current entry; false if an exception was thrown.
  func call(_ index: Int, _ registers: Registers) -> Bool {
    entries[index](context.words, registers, index) == 0
  }

  /// The entry of functions without machine code.
  static let interpreted: Entry = { context, registers, index in
    let machine = Context(context).machine
    let function = machine.functions[index]
    function.callCount += 1
    if let code = machine.compiler?.code(for: function) { return code(context, registers, index) }
    return machine.interpret(function, registers.assumingMemoryBound(to: Value.self)) ? 0 : 1
  }
}

/// A small pseudo-random number generator, with the same numbers for the same seed.
struct SplitMix {
  var state: UInt64

  mutating func next(below limit: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return Int((mixed ^ mixed >> 31) >> 1) % limit
  }
}
