internal import TraceEvents
internal import TraceFormat

/// Leaves out events of processes that a selection does not admit, as far as this is known when
/// they arrive, so that they take nothing of a pass's limits.
///
/// The name of a process may become known later than its events. ``ReportSelection/admits(_:)``
/// decides when all is known.
final class ProcessChoice {
  private let pids: Set<UInt32>?
  /// Nil admits all names.
  private let admits: ((ResolvedProcess) -> Bool)?
  private let processes: Processes
  private var known: [UInt32: Bool] = [:]

  init(_ selection: ReportSelection, _ processes: Processes) {
    (pids, self.processes) = (selection.pids, processes)
    let names = selection.processes
    admits = names.isEmpty ? nil : { names.admits($0) }
  }

  init(admits: @escaping (ResolvedProcess) -> Bool, _ processes: Processes) {
    (pids, self.admits, self.processes) = (nil, admits, processes)
  }

  /// Returns whether the process of an event may be admitted: false if it has names, and none
  /// matches.
  @inline(__always)
  func mayAdmit(_ header: EventHeader) -> Bool {
    guard pids?.contains(header.pid) ?? true else { return false }
    return admits.map { mayAdmit(header, $0) } ?? true
  }

  private func mayAdmit(_ header: EventHeader, _ admits: (ResolvedProcess) -> Bool) -> Bool {
    if let known = known[header.processIndex] { return known }
    let names = processes.names(of: header.processIndex, header.pid)
    let isAdmitted =
      names.isEmpty
      || names.contains {
        admits(ResolvedProcess(pid: header.pid, generation: 0, name: $0, validity: .always))
      }
    known[header.processIndex] = isAdmitted
    return isAdmitted
  }
}
