/// Why call frame information was not used.
package enum FrameError: Error, Hashable, Sendable {
  /// A length, offset or string leads out of the section.
  case outOfBounds
  /// A pointer's encoding that has no meaning in a file, or an integer that does not fit.
  case encoding
  /// An entry of a version or augmentation that is not known, or that refers to no entry.
  case entry
  /// An instruction that is not known, or more remembered states than are kept.
  case instruction
  /// An expression that is not known, divides by zero, or takes too many steps.
  case expression
  /// A register outside the machine's.
  case register
  /// Memory that the copied stack does not hold.
  case memory
}
