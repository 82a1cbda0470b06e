public import TraceEvents

/// Observes the events that matter for files in which runtimes announce their code (jitdump, perf
/// maps). The translator calls it in the order of the records, for admitted processes.
public protocol RuntimeCodeObserver: AnyObject {
  /// Called when a process was sampled.
  func sampled(_ pid: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// Called when a process has created an executable mapping.
  func mapped(_ image: ImageMap, pid: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// Called for each mapping, of any kind, of a process that ran before recording began.
  func found(_ map: ProcessMap, pid: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// Called when a process was forked from another.
  func forked(_ pid: UInt32, from parent: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// Called when a process runs another program.
  func execed(_ pid: UInt32, process: UInt32, atTicks ticks: UInt64)

  /// Called when a process has ended.
  func ended(_ pid: UInt32, atTicks ticks: UInt64)

  /// Called when a pid denotes a new process and the end of the former one was not recorded.
  func forget(_ pid: UInt32)
}
