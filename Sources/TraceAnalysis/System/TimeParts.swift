/// The division of the time into parts.
struct TimeParts {
  /// Nil for one part per reading.
  var every_ns: Int64?

  /// The number of the part that a reading ends.
  func key(of time: Int64) -> Int64 {
    guard let every_ns, every_ns > 0 else { return time }
    let quotient = time / every_ns
    return time % every_ns < 0 ? quotient - 1 : quotient
  }
}
