import TraceAnalysis
import TraceFormat

extension LimitedProcesses {
  /// Sentences that state what the trace lacks.
  var sentences: [String] {
    var sentences: [String] = []
    if shortened > 0 {
      sentences.append(
        "the trace has no path and no arguments of \(counted(shortened, "process", "processes")): "
          + "beyond \(Self.fullBytes >> 20) MiB, records of processes have a short name only")
    }
    if omitted > 0 {
      let events = "events name \(omitted == 1 ? "it by its pid" : "them by their pids")"
      sentences.append(
        "\(counted(omitted, "process has", "processes have")) no record in the trace, which has "
          + "room for \(grouped(UInt64(Self.records))); \(events)")
    }
    return sentences
  }
}
