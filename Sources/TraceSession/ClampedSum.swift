extension UInt64 {
  /// The sum, or the greatest value where that is too small for it.
  func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
