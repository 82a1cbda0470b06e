internal import TraceFormat

/// Imports any bytes, for the fuzzer, which is a separate package, and for the tests of damage.
@_spi(Fuzzing) public enum ImportProbe {
  /// Imports bytes if an importer recognizes them, and reads the trace that was made of them.
  ///
  /// - Returns: the number of events; nil if the bytes were refused.
  public static func read(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    let source = ImportSource(bytes: Array(bytes), name: "probe")
    guard let importer = ImporterRegistry.importer(of: source) else { return nil }
    let sink = ProbeSink()
    guard let report = try? importer.convert(source, to: sink) else { return nil }
    guard let file = try? TraceFile(bytes: sink.bytes) else {
      preconditionFailure("the trace cannot be opened")
    }
    precondition(file.damage.isEmpty, "the trace is damaged")
    var events: UInt64 = 0
    let replay = Replay(file)
    replay.onAny { _ in events += 1 }
    precondition((try? replay.run()) != nil, "the trace cannot be read")
    precondition(events == report.events, "the trace lacks events")
    return events
  }
}

/// Keeps what is written.
private final class ProbeSink: ByteSink {
  private(set) var bytes: [UInt8] = []

  func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
    self.bytes.append(contentsOf: bytes)
  }
}
