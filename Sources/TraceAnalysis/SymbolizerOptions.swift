public import TraceSymbols

/// How a ``Symbolizer`` and a ``LiveSymbolizer`` judge times, and where they look for images.
public struct SymbolizerOptions {
  /// Code that is announced this long after a time (nanoseconds) is taken for what was there then,
  /// if nothing else was: runtimes announce code after it may run.
  public var slackNanoseconds: Int64 = 1_000_000_000
  /// The same for perf maps, which are looked at only now and then.
  public var perfMapSlackNanoseconds: Int64 = 3_000_000_000
  /// How far two processors' readings of the clock may be apart.
  public var clockEdgeNanoseconds: Int64 = 5_000
  /// Losses up to this long before a time, or the slack after it, count as around it.
  public var lossReachNanoseconds: Int64 = 10_000_000_000
  /// Whether tables of source lines are kept.
  public var keepsLines = true
  /// Directories to look for images and their debug files in, before where they were.
  public var searchRoots: [String] = []
  /// Asked for images and debug files that are nowhere on this machine. Nil: nothing is fetched. A
  /// ``LiveSymbolizer`` does not ask, because events would wait for the servers.
  public var servers: Debuginfod?
  /// Asked for images' functions, in this order, after the trace's own symbols. Nil for the files
  /// of this machine.
  public var imageSymbols: [any ImageSymbolProvider]?
  /// Whether code that was compiled at run time is of interest; if not, only images and the kernel
  /// are known.
  var knowsCompiledCode = true
  /// Whether the trace's own symbols are asked first; if not, whoever sets this asks them.
  var asksTrace = true

  public init() {}
}
