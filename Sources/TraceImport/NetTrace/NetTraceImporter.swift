public import TraceFormat

/// Imports .nettrace files of versions 4, 5 and 6, which .NET (EventPipe) and `dotnet-trace` write.
/// `Docs/importers.md` has the table of what becomes what.
///
/// - Guarantee: events have the times, threads and field values that the file has. Those of the
///   runtime that mean the same as events of the Runtime provider become these; all others keep
///   their names.
/// - Cost: about a microsecond for an event. Memory is that of the largest block, and of the stacks
///   between two sequence points, at most 64 MiB.
public struct NetTraceImporter: Importer {
  /// Creates an importer.
  public init() {}

  /// "a .nettrace file".
  public var kind: String { "a .nettrace file" }

  /// Whether the file begins as .nettrace files do.
  public func recognizes(_ prefix: UnsafeRawBufferPointer) -> Bool {
    prefix.prefix(8).elementsEqual(NetBlocks.magic)
  }

  /// Reads a recording and writes it as a trace.
  ///
  /// - Throws: ``ImportError/unusable(path:reason:)`` if the file has a version that is not known,
  ///   or ends before it says what was recorded.
  public func convert(
    _ source: ImportSource, to sink: any ByteSink
  ) throws(ImportError) -> ImportReport {
    let blocks = try NetBlocks(NetFileParts(source), name: source.name)
    return try NetConversion.begin(blocks, name: source.name) { header throws(FormatError) in
      RecorderOutput(try Recorder(to: sink, name: source.name, session: header.session))
    }.run()
  }
}

extension NetHeader {
  /// The session that the file describes.
  var session: SessionDescription {
    SessionDescription(
      name: processID == 0 ? "EventPipe" : "EventPipe of process \(processID)", clock: .monotonic,
      ticksPerSecond: 1_000_000_000, start: sync(at: nanoseconds(startTicks)),
      machine: MachineDescription(cpuCount: processors))
  }

  /// The readings of the clocks at a time.
  func sync(at time: UInt64) -> ClockSync {
    let start = nanoseconds(startTicks)
    let wall = start_ns.map {
      Int64(clamping: $0) &+ Int64(clamping: time) &- Int64(clamping: start)
    }
    return ClockSync(
      ticks: time, monotonicNanoseconds: time, realtimeNanoseconds: UInt64(max(0, wall ?? 0)))
  }
}
