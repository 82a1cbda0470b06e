internal import TraceEvents

extension TraceFile {
  /// Checks every rule of SPEC.md against every block; what is wrong is in ``damage`` afterwards.
  ///
  /// - Cost: the whole file is read; memory for one block, and what an index would hold.
  public func verify() throws(FormatError) {
    let validator = try TraceValidator(self)
    try validator.run()
    log = validator.scanned.log
    tail = validator.scanned.tail
  }
}
