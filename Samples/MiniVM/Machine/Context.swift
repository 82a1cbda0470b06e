import CTraceShims

/// What interpreter and machine code share: words at a fixed address, which machine code reaches
/// through a register, so that it has no addresses of the runtime in it and can be moved.
struct Context {
  enum Word: Int, CaseIterable {
    /// Behind the registers of the innermost frame: the collector looks no further.
    case top
    /// Highest `top` there may be.
    case stackLimit
    /// Lowest native stack pointer there may be.
    case nativeLimit
    /// The exception that is on its way.
    case exception
    /// Not 0 while somebody wants enter and leave events.
    case tracesMethods
    /// Table of entries, by function.
    case entries
    /// The ``Machine``, not retained.
    case machine
    // Functions for machine code, each an ``Entry``.
    case perform, callValue, landed, overflow, tierUp, entered, left
  }

  let words: UnsafeMutablePointer<UInt64>

  init() {
    words = .allocate(capacity: Word.allCases.count)
    words.initialize(repeating: 0, count: Word.allCases.count)
  }

  init(_ pointer: UnsafeMutableRawPointer) {
    words = pointer.assumingMemoryBound(to: UInt64.self)
  }

  subscript(_ word: Word) -> UInt64 {
    get { words[word.rawValue] }
    nonmutating set { words[word.rawValue] = newValue }
  }

  /// Of words that another thread writes.
  func load(_ word: Word) -> UInt64 { trace_load_relaxed_u64(words + word.rawValue) }
  func store(_ value: UInt64, in word: Word) { trace_store_u64(words + word.rawValue, value) }

  var machine: Machine {
    let pointer = UnsafeRawPointer(bitPattern: UInt(self[.machine]))!
    return Unmanaged<Machine>.fromOpaque(pointer).takeUnretainedValue()
  }

  var top: Registers {
    get { Registers(bitPattern: UInt(self[.top]))! }
    nonmutating set { self[.top] = UInt64(UInt(bitPattern: newValue)) }
  }

  var exception: Value {
    get { Value(bits: self[.exception]) }
    nonmutating set { self[.exception] = newValue.bits }
  }
}

/// How everything is called: the context, the callee's first register, and a function's number or
/// an instruction's address. Gives 0, or 1 when an exception is on its way; a call's result is then
/// in the first register.
typealias Entry =
  @convention(c) @Sendable (UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int) -> Int32
