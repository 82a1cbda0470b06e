/// What others are told about a piece of code.
struct CodeRecord: Sendable {
  /// Different for every piece of code there ever was, also when it only moved.
  var serial: UInt64
  var methodID: UInt64
  var name: String
  var signature: String
  var start: UInt64
  var size: Int
  /// Number of the method's version, from 0.
  var version: UInt64
  var isOptimized: Bool
  /// Where each bytecode instruction's code begins, and its source line.
  var placeOffsets: [UInt32]
  var lines: [UInt32]
}

/// A function's machine code in the code cache.
final class CompiledMethod {
  let function: Function
  var record: CodeRecord
  /// Where it lies in the cache, and what it takes there.
  var range: Range<Int>
  let counters: UnsafeMutablePointer<Int32>
  /// Replaced by a better version; goes as soon as no frame of it is left.
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

/// Somebody who wants to know what lies where in the code cache.
protocol CodeListener: AnyObject {
  /// It is in place, and cannot run before this returns.
  func codeBegins(_ code: CodeRecord, _ bytes: UnsafeRawBufferPointer)
  /// It cannot run any more; its place is not used again before this returns.
  func codeEnds(_ code: CodeRecord)
  /// It is at its new place and cannot run before this returns.
  func codeMoves(_ old: CodeRecord, to new: CodeRecord, _ bytes: UnsafeRawBufferPointer)
  /// The program is over; everything has ended.
  func finish()
}

extension CodeListener {
  func finish() {}
}
