import TraceEvents

/// Emits a function's machine code from a template for each instruction. Other cases are left to
/// ``Machine/perform(_:_:)``.
///
///     rbx  the function's first register      r13  table of entries
///     r12  the context                        r14  the tag of constants, which is nil
///     rbp  the native frame                   r15  the tag of integers
final class MethodEmitter {
  /// Counters of one compiled method, which its code changes.
  enum Counter {
    /// Number of its frames.
    static let activations = 0
    /// Number of calls until it is optimized.
    static let countdown = 1
  }

  let code: Assembler
  let function: Function
  let isOptimizing: Bool
  let machine: Machine
  let counters: UnsafeMutablePointer<Int32>
  /// Labels of the instructions, by index.
  let places: Int
  private var cold: [() -> Void] = []
  private let handlers: Int
  private let leaveNormally: Int
  private let leave: Int

  static let frameWords = 6
  private static let traced = Assembler.Memory(base: .rbp, offset: -8 * frameWords)
  private static let saved: [NativeRegister] = [.rbx, .r12, .r13, .r14, .r15]

  init(
    _ function: Function, isOptimizing: Bool, counters: UnsafeMutablePointer<Int32>,
    machine: Machine, into code: Assembler
  ) {
    self.function = function
    self.isOptimizing = isOptimizing
    self.counters = counters
    self.machine = machine
    self.code = code
    code.reset()
    places = code.newLabels(function.codeCount)
    handlers = code.newLabels(function.handlers.count)
    leaveNormally = code.newLabel()
    leave = code.newLabel()
  }

  /// Emits the code; returns the offset of each instruction's code in bytes, or nil if it would be
  /// too long.
  func emit() -> [UInt32]? {
    enter()
    for place in 0..<function.codeCount {
      code.place(places + place)
      emit(function.code[place], at: place)
    }
    exit()
    for (index, handler) in function.handlers.enumerated() { land(index, handler) }
    while let path = cold.popLast() { path() }
    guard !code.isFull else { return nil }
    return (0..<function.codeCount).map { UInt32(code.offset(of: places + $0)) }
  }

  func register(_ number: some BinaryInteger) -> Assembler.Memory {
    Assembler.Memory(base: .rbx, offset: Int(number) * 8)
  }

  func word(_ word: Context.Word) -> Assembler.Memory {
    Assembler.Memory(base: .r12, offset: word.rawValue * 8)
  }

  /// Emits rarely needed code after the rest.
  func outOfLine(_ path: @escaping () -> Void) -> Int {
    let label = code.newLabel()
    cold.append { [code] in
      code.place(label)
      path()
    }
    return label
  }

  // MARK: Calls of the runtime

  /// Calls a function of the runtime; its result is in eax.
  func callRuntime(_ function: Context.Word, argument: UInt64) {
    code.move(.rdi, .r12)
    code.move(.rsi, .rbx)
    code.load(.rdx, immediate: argument)
    code.call(word(function))
  }

  /// The label at which an exception of the instruction at `place` continues.
  func failure(of place: Int) -> Int {
    let handler = function.handlers.firstIndex { $0.range.contains(place) }
    // Without a handler, the result in eax, 1, is returned.
    return handler.map { handlers + $0 } ?? leave
  }

  func address(of place: Int) -> UInt64 { UInt64(UInt(bitPattern: function.code + place)) }

  /// Leaves the whole instruction to the runtime.
  func perform(_ place: Int, as word: Context.Word = .perform) {
    callRuntime(word, argument: address(of: place))
    code.testResult()
    code.jump(.notEqual, failure(of: place))
  }

  /// A label at which the runtime executes the instruction, before the next one.
  func slowPath(_ place: Int) -> Int {
    let next = places + place + 1
    return outOfLine { [self] in
      perform(place)
      code.jump(next)
    }
  }

  func `return`() { code.jump(leaveNormally) }

  /// Makes the frame the innermost one again after a call.
  func restoreTop() {
    code.loadAddress(.rax, register(function.registerCount))
    code.store(word(.top), .rax)
  }

  // MARK: Enter and leave

  private func enter() {
    code.push(.rbp)
    code.move(.rbp, .rsp)
    for register in Self.saved { code.push(register) }
    code.push(.rax)
    code.store(Self.traced, immediate: 0)
    code.move(.rbx, .rsi)
    code.move(.r12, .rdi)
    code.load(.r13, word(.entries))
    code.load(.r14, immediate: Value.constantTag)
    code.load(.r15, immediate: Value.integerTag)
    count(Counter.activations, isUp: true)
    let overflow = outOfLine { [self] in
      callRuntime(.overflow, argument: address(of: 0))
      code.load(.rax, immediate: 1)
      code.jump(leave)
    }
    code.loadAddress(.rax, register(function.registerCount))
    code.compare(.rax, word(.stackLimit))
    code.jump(.above, overflow)
    code.compare(.rsp, word(.nativeLimit))
    code.jump(.below, overflow)
    code.store(word(.top), .rax)
    for number in function.givenCount..<max(function.registerCount, function.givenCount) {
      code.store(register(number), .r14)
    }
    enterTraced()
    if !isOptimizing { countDown() }
  }

  private func count(_ counter: Int, isUp: Bool) {
    code.load(.rcx, immediate: UInt64(UInt(bitPattern: counters + counter)))
    if isUp { code.incrementCounter(at: .rcx) } else { code.decrementCounter(at: .rcx) }
  }

  /// Enter and leave are reported in pairs, even if tracing is enabled in between.
  private func enterTraced() {
    let resume = code.newLabel()
    code.compare(word(.tracesMethods), immediate: 0)
    code.jump(
      .notEqual,
      outOfLine { [self] in
        code.store(Self.traced, immediate: 1)
        callRuntime(.entered, argument: UInt64(function.index))
        code.jump(resume)
      })
    code.place(resume)
  }

  private func countDown() {
    let resume = code.newLabel()
    count(Counter.countdown, isUp: false)
    code.jump(
      .equal,
      outOfLine { [self] in
        callRuntime(.tierUp, argument: UInt64(function.index))
        code.jump(resume)
      })
    code.place(resume)
  }

  /// eax is 0 or 1 from here on.
  private func exit() {
    code.place(leaveNormally)
    code.load(.rax, immediate: 0)
    code.place(leave)
    let resume = code.newLabel()
    code.compare(Self.traced, immediate: 0)
    code.jump(
      .notEqual,
      outOfLine { [self] in
        code.move(.r15, .rax)
        code.move(.rdi, .r12)
        code.move(.rsi, .rbx)
        code.load(.rdx, immediate: UInt64(function.index) * 2)
        code.calculate(.add, .rdx, .rax)
        code.call(word(.left))
        code.move(.rax, .r15)
        code.jump(resume)
      })
    code.place(resume)
    count(Counter.activations, isUp: false)
    code.loadAddress(.rsp, Assembler.Memory(base: .rbp, offset: -8 * Self.saved.count))
    for register in Self.saved.reversed() { code.pop(register) }
    code.pop(.rbp)
    code.return()
  }

  private func land(_ index: Int, _ handler: ExceptionHandler) {
    code.place(handlers + index)
    callRuntime(.landed, argument: UInt64(function.index) << 32 | UInt64(index))
    code.jump(places + handler.target)
  }
}
