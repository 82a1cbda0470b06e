import TraceKernel

extension ProgramFilter {
  /// Creates a filter for the processes that a session records. If their descendants are recorded,
  /// too, this filter cannot recognize them, so it admits all pids.
  init(_ filter: ProcessFilter) {
    self.init(
      pids: filter.ancestor == nil && !filter.takesChildren ? filter.pids : [],
      executableNames: filter.executableNames)
  }
}
