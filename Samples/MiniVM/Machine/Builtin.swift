import CTraceShims
import Glibc
import TraceEvents

/// The built-in functions.
enum Builtin: UInt16, CaseIterable {
  case print, text, length, push, pop, array, slice, character, integer, float, fixed, squareRoot
  case argument, random, running, collect

  private static let byName: [String: Builtin] = [
    "print": .print, "text": .text, "length": .length, "push": .push, "pop": .pop,
    "array": .array, "slice": .slice, "character": .character, "int": .integer, "float": .float,
    "fixed": .fixed, "sqrt": .squareRoot, "argument": .argument, "random": .random,
    "running": .running, "collect": .collect,
  ]

  init?(named name: String) {
    guard let known = Self.byName[name] else { return nil }
    self = known
  }

  var argumentCounts: ClosedRange<Int> {
    switch self {
    case .print: 0...16
    case .running, .collect: 0...0
    case .push, .array, .fixed, .argument: 2...2
    case .slice: 3...3
    default: 1...1
    }
  }

  /// Calls the function; the result replaces the first argument. False if it throws.
  func call(_ machine: Machine, _ arguments: Registers, count: Int) -> Bool {
    let first = arguments[0]
    switch self {
    case .print:
      machine.options.output((0..<count).map { machine.text(of: arguments[$0]) }.joined())
      arguments[0] = .none
    case .text: arguments[0] = machine.newString(machine.text(of: first).utf8)
    case .length:
      guard first.isArray || first.isString else { return refuse(first, machine) }
      arguments[0] = Value(integer: first.object.count)
    case .push, .pop, .array, .slice, .character:
      return callOnObjects(machine, arguments)
    case .integer, .float, .fixed, .squareRoot:
      return callOnNumbers(machine, arguments)
    case .argument:
      guard first.isInteger else { return refuse(first, machine) }
      let given = machine.options.arguments
      let place = first.integer
      arguments[0] =
        given.indices.contains(place) ? Value(integer: given[place]) : arguments[1]
    case .random:
      guard first.isInteger, first.integer > 0 else { return refuse(first, machine) }
      arguments[0] = Value(integer: machine.random.next(below: first.integer))
    case .running:
      arguments[0] = Value(trace_monotonic_ns() < machine.options.deadlineNanoseconds)
    case .collect:
      machine.heap.collect(reason: .induced)
      arguments[0] = .none
    }
    return true
  }

  private func refuse(_ value: Value, _ machine: Machine) -> Bool {
    machine.raise("\(self) of \(machine.typeName(of: value))")
  }

  private func callOnObjects(_ machine: Machine, _ arguments: Registers) -> Bool {
    let (first, second) = (arguments[0], arguments[1])
    switch self {
    case .push:
      guard first.isArray else { return refuse(first, machine) }
      machine.append(arguments + 1, to: arguments)
      arguments[0] = .none
    case .pop:
      guard first.isArray else { return refuse(first, machine) }
      let last = first.object.count - 1
      guard last >= 0 else { return machine.raise("pop of an empty array") }
      arguments[0] = first.object.storage.values[last]
      first.object.setCount(last)
    case .array:
      guard first.isInteger, (0...1 << 24).contains(first.integer) else {
        return refuse(first, machine)
      }
      let count = first.integer
      let storage = machine.heap.allocate(.storage, count: max(count, 2))
      for index in 0..<max(count, 2) { storage.values[index] = arguments[1] }
      arguments[0] = Value(storage)
      machine.wrapStorage(count: count, at: arguments)
    case .slice:
      let third = arguments[2]
      guard first.isString, second.isInteger, third.isInteger else { return refuse(first, machine) }
      guard 0 <= second.integer, second.integer <= third.integer,
        third.integer <= first.object.count
      else { return machine.outOfRange(third) }
      arguments[0] = machine.newString(
        Array(first.object.bytes[second.integer..<third.integer]))
    default:
      guard first.isInteger, (0..<256).contains(first.integer) else {
        return refuse(first, machine)
      }
      arguments[0] = machine.newString([UInt8(first.integer)])
    }
    return true
  }

  private func callOnNumbers(_ machine: Machine, _ arguments: Registers) -> Bool {
    let first = arguments[0]
    if first.isString, let value = Double(first.object.text) {
      arguments[0] = Value(value)
      if self == .float { return true }
    }
    guard let value = arguments[0].number else { return refuse(first, machine) }
    switch self {
    case .integer:
      guard value.isFinite, abs(value) < 0x1p47 else { return refuse(first, machine) }
      arguments[0] = Value(integer: Int(value))
    case .fixed:
      guard arguments[1].isInteger, (0...20).contains(arguments[1].integer) else {
        return refuse(arguments[1], machine)
      }
      arguments[0] = machine.newString(
        Self.fixed(value, digits: arguments[1].integer).utf8)
    case .squareRoot: arguments[0] = Value(value.squareRoot())
    default: arguments[0] = Value(value)
    }
    return true
  }

  private static func fixed(_ value: Double, digits: Int) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let count = withVaList([Int32(digits), value]) {
      vsnprintf(&buffer, buffer.count, "%.*f", $0)
    }
    return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
