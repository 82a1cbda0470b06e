public import TraceEvents

/// Follows what processes do that matters to files by which runtimes announce their code (jitdump,
/// perf maps). The translator calls it in the order of the records, for processes whose events are
/// wanted.
public protocol RuntimeCodeObserver: AnyObject {
  /// A process was sampled.
  func sampled(_ pid: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// A process has mapped something that it may execute.
  func mapped(_ image: ImageMap, pid: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// A mapping, of any kind, of a process that ran before recording began.
  func found(_ map: ProcessMap, pid: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// A process was forked from another.
  func forked(_ pid: UInt32, from parent: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// A process runs another program.
  func execed(_ pid: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// A process has ended.
  func ended(_ pid: UInt32, atTicks ticks: UInt64)

  /// The number is another process's from now on; the end of its former owner was not recorded.
  func forget(_ pid: UInt32)
}
