// Allocations may move every object, so operands are read from their registers afterwards.

extension Machine {
  func newString(_ bytes: some Collection<UInt8>) -> Value {
    let object = heap.allocate(.string, count: bytes.count)
    object.fill(bytes)
    return Value(object)
  }

  func makeClosure(function: Int, captures: Registers, into target: Registers) {
    let count = functions[function].captureCount
    let object = heap.allocate(.closure, shape: function, count: count)
    object.values.update(from: captures, count: count)
    target.pointee = Value(object)
  }

  func makeRecord(shape: Int, fields: Registers, into target: Registers) {
    let count = shapes[shape].fields.count
    let object = heap.allocate(.record, shape: shape, count: count)
    object.values.update(from: fields, count: count)
    target.pointee = Value(object)
  }

  func makeArray(_ elements: Registers, count: Int, into target: Registers) {
    let storage = heap.allocate(.storage, count: max(count, 2))
    for index in 0..<max(count, 2) {
      storage.values[index] = index < count ? elements[index] : .none
    }
    target.pointee = Value(storage)
    wrapStorage(count: count, at: target)
  }

  /// Creates an array from the storage in `target`.
  func wrapStorage(count: Int, at target: Registers) {
    let array = heap.allocate(.array, count: count)
    array.values[0] = target.pointee
    target.pointee = Value(array)
  }

  func element(_ value: Value, at index: Value, into target: Registers) -> Bool {
    guard index.isInteger else { return raise("\(typeName(of: index)) is no index") }
    if value.isArray {
      guard (0..<value.object.count).contains(index.integer) else { return outOfRange(index) }
      target.pointee = value.object.storage.values[index.integer]
    } else if value.isString {
      guard (0..<value.object.count).contains(index.integer) else { return outOfRange(index) }
      target.pointee = Value(integer: Int(value.object.bytes[index.integer]))
    } else {
      return raise("\(typeName(of: value)) has no elements")
    }
    return true
  }

  func setElement(_ array: Value, at index: Value, _ value: Value) -> Bool {
    guard array.isArray, index.isInteger else {
      return raise("\(typeName(of: array)) has no elements to set")
    }
    guard (0..<array.object.count).contains(index.integer) else { return outOfRange(index) }
    let storage = array.object.storage
    heap.barrier(storage, value)
    storage.values[index.integer] = value
    return true
  }

  func outOfRange(_ index: Value) -> Bool { raise("index \(index.integer) is out of range") }

  func field(_ record: Value, name: Int, into target: Registers) -> Bool {
    guard let place = place(of: name, in: record) else { return raiseNoField(name, record) }
    target.pointee = record.object.values[place]
    return true
  }

  func setField(_ record: Value, name: Int, _ value: Value) -> Bool {
    guard let place = place(of: name, in: record) else { return raiseNoField(name, record) }
    heap.barrier(record.object, value)
    record.object.values[place] = value
    return true
  }

  private func place(of name: Int, in record: Value) -> Int? {
    guard record.isReference, record.object.is(.record) else { return nil }
    let place = fieldTables[name][record.object.shape]
    return place == Self.noField ? nil : Int(place)
  }

  private func raiseNoField(_ name: Int, _ record: Value) -> Bool {
    raise("\(typeName(of: record)) has no field '\(fieldNames[name])'")
  }

  /// Calls the closure that is after its arguments.
  func callValue(_ instruction: Instruction, _ registers: Registers) -> Bool {
    let (window, count) = (registers + Int(instruction.a), Int(instruction.b))
    let callee = window[count]
    guard callee.isReference, callee.object.is(.closure) else {
      return raise("\(typeName(of: callee)) is no function")
    }
    let function = functions[callee.object.shape]
    guard function.parameterCount == count else {
      return raise("'\(function.name)' takes \(function.parameterCount) arguments, not \(count)")
    }
    return call(function.index, window)
  }

  /// Adds to an array, which grows by doubling.
  func append(_ value: Registers, to array: Registers) {
    let count = array.pointee.object.count
    if array.pointee.object.storage.count == count {
      let larger = heap.allocate(.storage, count: count * 2)
      let storage = array.pointee.object.storage
      for index in 0..<count * 2 {
        larger.values[index] = index < count ? storage.values[index] : .none
      }
      heap.barrier(array.pointee.object, Value(larger))
      array.pointee.object.values[0] = Value(larger)
    }
    let storage = array.pointee.object.storage
    heap.barrier(storage, value.pointee)
    storage.values[count] = value.pointee
    array.pointee.object.setCount(count + 1)
  }
}
