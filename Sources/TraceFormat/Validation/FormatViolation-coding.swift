internal import TraceEvents

extension ByteReader {
  /// Returns the error for a rule broken at the current position by `value`.
  func broken(_ rule: FormatRule, _ value: UInt64) -> ByteCodingError {
    error(.rule(rule.rawValue, value: value))
  }

  /// Throws unless all bytes have been read.
  func expectEnd() throws(ByteCodingError) {
    guard remaining == 0 else { throw broken(.P3, UInt64(remaining)) }
  }
}

extension FormatViolation {
  init(_ error: ByteCodingError, in what: String) {
    switch error.reason {
    case .endOfBytes:
      self.init(.C2, "\(what) ends early", offset: error.offset)
    case .varintTooLong:
      self.init(.C1, "\(what) has a number of more than 64 bits", offset: error.offset)
    case .tooLong(let limit):
      self.init(.Z1, "\(what) is longer than \(limit)", offset: error.offset)
    case .unknownValue(let value):
      self.init(.M4, "\(what) has the impossible value \(value)", offset: error.offset)
    case .rule(let name, let value):
      self.init(
        FormatRule(rawValue: name) ?? .C2, "\(what) has the impossible value \(value)",
        offset: error.offset)
    }
  }
}
