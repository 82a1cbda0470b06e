// A column is a sequence of n 64-bit values in one of several encodings; SPEC.md, "Columns".

/// The encoding of a column: its first stored byte.
enum ColumnEncoding: UInt8 {
  /// One value, n times.
  case constant = 1
  /// first, first + stride, …
  case arithmetic = 2
  /// The lowest `width` bytes of every value, plane by plane.
  case planes = 3
  /// Planes of the zigzag form of each value, which keeps small negative numbers narrow.
  case signedPlanes = 4
  /// Planes of the zigzag form of each value's difference from its predecessor.
  case deltaPlanes = 5
  /// Planes of each value XORed with its predecessor; for floating-point numbers.
  case xorPlanes = 6
  /// Up to 256 distinct values, then one byte per value.
  case palette = 7
  /// A variable-length integer per value; for mostly small values.
  case varints = 8
}

@inline(__always)
func zigzag(_ value: UInt64) -> UInt64 { (value &<< 1) ^ (0 &- (value &>> 63)) }

@inline(__always)
func unzigzag(_ value: UInt64) -> UInt64 { (value &>> 1) ^ (0 &- (value & 1)) }

/// Returns the number of bytes that hold any value whose bits are among `bits`; at least 1.
@inline(__always)
func byteWidth(_ bits: UInt64) -> Int { max(1, (64 - bits.leadingZeroBitCount + 7) / 8) }
