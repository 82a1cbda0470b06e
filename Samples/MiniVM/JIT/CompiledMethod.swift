/// The description of a piece of code for listeners.
struct CodeRecord: Sendable {
  /// A unique number for every piece of code, including moved ones.
  var serial: UInt64
  var methodID: UInt64
  var name: String
  var signature: String
  var start: UInt64
  var size: Int
  /// Number of the method's version, starting at 0.
  var version: UInt64
  var isOptimized: Bool
  /// The start of each bytecode instruction's code, and its source line.
  var placeOffsets: [UInt32]
  var lines: [UInt32]
}

/// A function's machine code in the code cache.
final class CompiledMethod {
  let function: Function
  var record: CodeRecord
  /// Its range in the cache.
  var range: Range<Int>
  let counters: UnsafeMutablePointer<Int32>
  /// Whether it was replaced by a better version; it is removed when it has no frames.
  var isRetired = false

  init(
    _ function: Function, _ record: CodeRecord, range: Range<Int>,
    counters: UnsafeMutablePointer<Int32>
  ) {
    self.function = function
    self.record = record
    self.range = range
    self.counters = counters
  }

  deinit { counters.deallocate() }

  /// Whether a frame on the stack will return into it.
  var isActive: Bool { counters[MethodEmitter.Counter.activations] != 0 }

  func address(of place: Int) -> UInt64 { record.start + UInt64(record.placeOffsets[place]) }
}

/// A listener for changes of the code cache.
protocol CodeListener: AnyObject {
  /// Called when code is in place, before it can run.
  func codeBegins(_ code: CodeRecord, _ bytes: UnsafeRawBufferPointer)
  /// Called when code can no longer run, before its range is reused.
  func codeEnds(_ code: CodeRecord)
  /// Called when code is at its new address, before it can run there.
  func codeMoves(_ old: CodeRecord, to new: CodeRecord, _ bytes: UnsafeRawBufferPointer)
  /// Called when the program has ended.
  func finish()
}

extension CodeListener {
  func finish() {}
}
