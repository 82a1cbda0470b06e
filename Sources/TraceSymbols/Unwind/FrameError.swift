/// The reason why call frame information was not used.
package enum FrameError: Error, Hashable, Sendable {
  /// A length, offset or string extends beyond the section.
  case outOfBounds
  /// A pointer encoding that is not valid in a file, or an integer that does not fit.
  case encoding
  /// An entry with an unknown version or augmentation, or one that refers to no entry.
  case entry
  /// An unknown instruction, or more remembered states than the limit.
  case instruction
  /// An expression that is not known, divides by zero, or takes too many steps.
  case expression
  /// A register outside the machine's.
  case register
  /// Memory that is not in the copied stack.
  case memory
}
