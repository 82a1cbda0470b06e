import TraceKernel

extension ProgramFilter {
  /// Of the processes that a session takes. Where their descendants are taken as well, what the
  /// kernel follows is wider than this can tell: no number is left out.
  init(_ filter: ProcessFilter) {
    self.init(
      pids: filter.ancestor == nil && !filter.takesChildren ? filter.pids : [],
      executableNames: filter.executableNames)
  }
}
