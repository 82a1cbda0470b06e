internal import TraceEvents
internal import TraceFormat

/// Leaves out events of processes that a selection does not admit, as far as this is known when
/// they arrive, so that they take nothing of a pass's limits.
///
/// The name of a process may become known later than its events. ``ReportSelection/admits(_:)``
/// decides when all is known.
final class ProcessChoice {
  private let selection: ReportSelection
  private let processes: Processes
  private var known: [UInt32: Bool] = [:]

  init(_ selection: ReportSelection, _ processes: Processes) {
    (self.selection, self.processes) = (selection, processes)
  }

  /// Returns whether the process of an event may be admitted: false if it has names, and none
  /// matches.
  @inline(__always)
  func mayAdmit(_ header: EventHeader) -> Bool {
    guard selection.admits(pid: header.pid) else { return false }
    return selection.processes.isEmpty || mayAdmitName(header)
  }

  private func mayAdmitName(_ header: EventHeader) -> Bool {
    if let known = known[header.processIndex] { return known }
    let names = processes.names(of: header.processIndex, header.pid)
    let isAdmitted =
      names.isEmpty
      || names.contains {
        selection.processes.admits(
          ResolvedProcess(pid: header.pid, generation: 0, name: $0, validity: .always))
      }
    known[header.processIndex] = isAdmitted
    return isAdmitted
  }
}
