import CTraceShims

/// The state shared by interpreter and machine code: words at a fixed address, which machine code
/// accesses through a register, so that it contains no addresses of the runtime and can be moved.
struct Context {
  enum Word: Int, CaseIterable {
    /// The end of the registers of the innermost frame, where the collector stops.
    case top
    /// The upper limit of `top`.
    case stackLimit
    /// The lower limit of the native stack pointer.
    case nativeLimit
    /// The current exception.
    case exception
    /// Not 0 while enter and leave events are enabled.
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

  /// Loads a word that another thread may write.
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

/// The type of all entries. The arguments are the context, the callee's first register, and a
/// function's number or an instruction's address. Returns 0, or 1 if an exception was thrown; a
/// call's result is then in the first register.
typealias Entry =
  @convention(c) @Sendable (UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int) -> Int32
