internal import TraceEvents

extension TraceFile {
  /// Checks every rule of SPEC.md against every block. Afterwards ``damage`` lists all violations.
  ///
  /// - Cost: reads the whole file; memory for one block and for what an index would hold.
  public func verify() throws(FormatError) {
    let validator = try TraceValidator(self)
    try validator.run()
    log = validator.scanned.log
    tail = validator.scanned.tail
    verified = validator.scanned.readable
  }
}
