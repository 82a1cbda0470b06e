// A column is n 64-bit values, stored in the way that suits them; SPEC.md, "Columns".

/// The first byte of a stored column.
enum ColumnEncoding: UInt8 {
  /// One value, n times.
  case constant = 1
  /// first, first + stride, …
  case arithmetic = 2
  /// The lowest `width` bytes of every value, plane by plane.
  case planes = 3
  /// As planes, of the values' zigzag form: small negative numbers stay narrow.
  case signedPlanes = 4
  /// As planes, of the zigzag form of each value's difference from the one before.
  case deltaPlanes = 5
  /// As planes, of each value exclusive-or the one before: floating-point numbers.
  case xorPlanes = 6
  /// Up to 256 distinct values, then one byte a value.
  case palette = 7
  /// As many bytes a value as it needs: for values that are small but for a few.
  case varints = 8
}

@inline(__always)
func zigzag(_ value: UInt64) -> UInt64 { (value &<< 1) ^ (0 &- (value &>> 63)) }

@inline(__always)
func unzigzag(_ value: UInt64) -> UInt64 { (value &>> 1) ^ (0 &- (value & 1)) }

/// Bytes that hold every value whose bits are among `bits`; at least 1.
@inline(__always)
func byteWidth(_ bits: UInt64) -> Int { max(1, (64 - bits.leadingZeroBitCount + 7) / 8) }
