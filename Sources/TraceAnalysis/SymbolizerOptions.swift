public import TraceSymbols

/// Time tolerances and image search settings of a ``Symbolizer`` or a ``LiveSymbolizer``.
public struct SymbolizerOptions {
  /// Maximum delay (nanoseconds) of an announcement for its code to be accepted for an earlier
  /// time, if nothing else was there. Runtimes announce code after it may already run.
  public var slackNanoseconds: Int64 = 1_000_000_000
  /// The same limit for perf maps, which are read only at intervals.
  public var perfMapSlackNanoseconds: Int64 = 3_000_000_000
  /// Maximum difference between two processors' clock readings.
  public var clockEdgeNanoseconds: Int64 = 5_000
  /// Length of the time before an address's time, in addition to the slack after it, in which lost
  /// events count as lost around that time.
  public var lossReachNanoseconds: Int64 = 10_000_000_000
  /// Whether source line tables are kept.
  public var keepsLines = true
  /// Directories searched for images and their debug files before the original locations.
  public var searchRoots: [String] = []
  /// Servers for images and debug files that are missing from this machine; nil fetches nothing. A
  /// ``LiveSymbolizer`` does not use them, because events would wait for the servers.
  public var servers: Debuginfod?
  /// Sources of images' functions, in order of use, after the trace's own symbols. Nil uses the
  /// files of this machine.
  public var imageSymbols: [any ImageSymbolProvider]?
  /// Whether code compiled at run time is resolved. If false, only images and the kernel are.
  var knowsCompiledCode = true
  /// Whether the trace's own symbols are used first. If false, the code that clears it consults
  /// them itself.
  var asksTrace = true

  public init() {}
}
