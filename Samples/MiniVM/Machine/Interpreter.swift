import TraceEvents
import TraceProvider

extension Machine {
  /// Runs a function's bytecode; false if an exception left it.
  func interpret(_ function: Function, _ registers: Registers) -> Bool {
    guard hasRoom(for: function, registers) else { return raise("stack overflow") }
    for place in function.givenCount..<max(function.registerCount, function.givenCount) {
      registers[place] = .none
    }
    let top = registers + function.registerCount
    context.top = top
    let isTraced = context.load(.tracesMethods) != 0
    if isTraced { Runtime.provider.emit(MethodEnter(methodID: function.methodID)) }
    var place = 0
    while true {
      if let isReturn = steps(function, registers, &place) {
        if isReturn {
          if isTraced { Runtime.provider.emit(MethodLeave(methodID: function.methodID)) }
          return true
        }
        guard let handler = function.handler(for: place) else { break }
        context.top = top
        land(handler, in: function, registers)
        place = handler.target
      }
    }
    if isTraced {
      Runtime.provider.emit(MethodLeave(methodID: function.methodID, byException: true))
    }
    return false
  }

  private func hasRoom(for function: Function, _ registers: Registers) -> Bool {
    var local = 0
    let native = withUnsafeMutablePointer(to: &local) { UInt64(UInt(bitPattern: $0)) }
    let top = UInt64(UInt(bitPattern: registers + function.registerCount))
    return native > context[.nativeLimit] && top <= context[.stackLimit]
  }

  /// Runs from `place` on until the function returns (true) or the instruction at `place` throws
  /// (false).
  private func steps(_ function: Function, _ registers: Registers, _ place: inout Int) -> Bool? {
    let code = function.code
    let top = registers + function.registerCount
    while true {
      let instruction = code[place]
      let a = Int(instruction.a)
      switch instruction.opcode {
      case .jump:
        place = instruction.wide
        continue
      case .jumpIfFalse:
        place = registers[a].isTrue ? place + 1 : instruction.wide
        continue
      case .jumpIfTrue:
        place = registers[a].isTrue ? instruction.wide : place + 1
        continue
      case .constant: registers[a] = function.constants[instruction.wide]
      case .return:
        registers[0] = registers[a]
        return true
      case .call:
        current = UnsafePointer(code + place)
        guard call(Int(instruction.b), registers + a) else { return false }
        context.top = top
      case .callValue:
        current = UnsafePointer(code + place)
        guard callValue(instruction, registers) else { return false }
        context.top = top
      default:
        current = UnsafePointer(code + place)
        guard perform(instruction, registers) else { return false }
      }
      place += 1
    }
  }

  /// Stores the exception in the handler's register.
  func land(_ handler: ExceptionHandler, in function: Function, _ registers: Registers) {
    let exception = context.exception
    registers[handler.register] = exception
    context.exception = .none
    let entry = function.compiled?.address(of: handler.target) ?? 0
    Runtime.provider.emit(
      ExceptionCaught(
        entryEIP: entry, methodID: function.methodID, methodName: function.name,
        exceptionType: typeName(of: exception)))
  }

  /// Throws the value to the next handler; returns false, for callers to return.
  func raise(_ exception: Value) -> Bool {
    context.exception = exception
    let function = functions.first { $0.codeRange.contains(UInt(bitPattern: current)) }
    let place = function.map { current - UnsafePointer($0.code) } ?? 0
    Runtime.provider.emit(
      ExceptionThrown(
        exceptionType: typeName(of: exception), exceptionMessage: text(of: exception),
        exceptionEIP: function?.compiled?.address(of: place) ?? 0,
        methodID: function?.methodID ?? 0, methodName: function?.name ?? ""))
    return false
  }

  func raise(_ message: String) -> Bool { raise(newString(message.utf8)) }
}

extension Function {
  var codeRange: Range<UInt> {
    let start = UInt(bitPattern: code)
    return start..<start + UInt(codeCount * MemoryLayout<Instruction>.stride)
  }
}
