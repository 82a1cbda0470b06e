import TraceEvents
import TraceProvider

/// The functions of the runtime that machine code calls.
enum RuntimeEntries {
  static func install(in context: Context) {
    context[.perform] = address(perform)
    context[.callValue] = address(callValue)
    context[.landed] = address(landed)
    context[.overflow] = address(overflow)
    context[.tierUp] = address(tierUp)
    context[.entered] = address(entered)
    context[.left] = address(left)
  }

  private static func address(_ entry: Entry) -> UInt64 {
    UInt64(unsafeBitCast(entry, to: UInt.self))
  }

  private static func instruction(_ address: Int) -> UnsafePointer<Instruction> {
    UnsafePointer(bitPattern: address).unsafelyUnwrapped
  }

  private static let perform: Entry = { context, registers, address in
    let machine = Context(context).machine
    machine.current = instruction(address)
    let registers = registers.assumingMemoryBound(to: Value.self)
    return machine.perform(machine.current.pointee, registers) ? 0 : 1
  }

  private static let callValue: Entry = { context, registers, address in
    let machine = Context(context).machine
    machine.current = instruction(address)
    let registers = registers.assumingMemoryBound(to: Value.self)
    return machine.callValue(machine.current.pointee, registers) ? 0 : 1
  }

  /// The argument contains the function and the number of its handler.
  private static let landed: Entry = { context, registers, argument in
    let machine = Context(context).machine
    let function = machine.functions[argument >> 32]
    let registers = registers.assumingMemoryBound(to: Value.self)
    machine.context.top = registers + function.registerCount
    machine.land(function.handlers[argument & 0xffff_ffff], in: function, registers)
    return 0
  }

  private static let overflow: Entry = { context, _, address in
    let machine = Context(context).machine
    machine.current = instruction(address)
    return machine.raise("stack overflow") ? 0 : 1
  }

  private static let tierUp: Entry = { context, _, index in
    let machine = Context(context).machine
    machine.compiler?.tierUp(machine.functions[index])
    return 0
  }

  private static let entered: Entry = { context, _, index in
    let function = Context(context).machine.functions[index]
    Runtime.provider.emit(MethodEnter(methodID: function.methodID))
    return 0
  }

  /// The argument's lowest bit is set if an exception leaves the function.
  private static let left: Entry = { context, _, argument in
    let function = Context(context).machine.functions[argument >> 1]
    Runtime.provider.emit(
      MethodLeave(methodID: function.methodID, byException: argument & 1 != 0))
    return 0
  }
}
