/// A thread's general registers, by their DWARF numbers on x86-64.
public struct UnwindRegisters: Sendable {
  package static let count = 17
  package static let framePointer = 6
  package static let stackPointer = 7
  package static let programCounter = 16

  /// DWARF's numbers in the order of the kernel's `perf_regs.h`: ax, bx, cx, dx, si, di, bp, sp,
  /// ip, then r8 to r15; the segment registers and flags between them are left out.
  private static let perfOrder: InlineArray<17, Int> = [
    0, 3, 2, 1, 4, 5, 6, 7, 16, 8, 9, 10, 11, 12, 13, 14, 15,
  ]

  /// The value for `perf_event_attr.sample_regs_user`: the registers that `init(perf:)` uses.
  public static let perfMask: UInt64 = 0xff_01ff

  /// Whether this build can unwind by call frame information: x86-64 only, so far.
  public static var isSupported: Bool {
    #if arch(x86_64)
      true
    #else
      false
    #endif
  }

  package var values = InlineArray<17, UInt64>(repeating: 0)
  /// A bit for each register whose value is known.
  package var known: UInt32 = 0

  public init() {}

  /// Creates registers from the 17 values of a sample with `perfMask`, in the kernel's order.
  public init(perf words: UnsafeRawBufferPointer) {
    for index in 0..<min(Self.count, words.count / 8) {
      self[Self.perfOrder[index]] = words.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
    }
  }

  package subscript(register: Int) -> UInt64 {
    get { values[register] }
    set {
      values[register] = newValue
      known |= 1 << UInt32(register)
    }
  }

  package func value(_ register: Int) throws(FrameError) -> UInt64 {
    guard register >= 0, register < Self.count, known & 1 << UInt32(register) != 0 else {
      throw .register
    }
    return values[register]
  }

  package mutating func forget(_ register: Int) { known &= ~(1 << UInt32(register)) }

  /// The instruction pointer.
  public var programCounter: UInt64 {
    get { values[Self.programCounter] }
    set { self[Self.programCounter] = newValue }
  }

  /// The stack pointer.
  public var stackPointer: UInt64 {
    get { values[Self.stackPointer] }
    set { self[Self.stackPointer] = newValue }
  }

  /// The frame pointer, if the code keeps one.
  public var framePointer: UInt64 {
    get { values[Self.framePointer] }
    set { self[Self.framePointer] = newValue }
  }
}
