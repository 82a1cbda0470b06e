import TraceAnalysis

/// What the drain found wrong with buffers, in sentences for people.
///
/// Any process that shares a buffer set can write anything into it, including records that name
/// another process. A sentence therefore names a process only if no other process can have caused
/// the problem.
struct BufferProblems {
  private let suspicions: [Suspicion]

  /// Maximum number of processes listed by name for shared buffers.
  private static let namesMax = 8

  init(_ drained: DrainStatistics) {
    suspicions = drained.suspicions.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Whether the number of lost events is known.
  var lossesAreKnown: Bool { suspicions.allSatisfy { !$0.hasImplausibleCounters } }

  /// Problems that only this process can have caused.
  func sentences(for index: UInt32) -> [String] {
    suspicions.filter { $0.processes == [index] }.flatMap { suspicion in
      Self.deeds(suspicion, buffers: "its buffers").map { "it " + $0 }
    }
  }

  /// Problems that one of several processes has caused.
  func sentences(among processes: [TracedProcess]) -> [String] {
    suspicions.filter { $0.processes.count > 1 }.flatMap { suspicion in
      let who = Self.oneOf(suspicion.processes, processes)
      return Self.deeds(suspicion, buffers: "the buffers that they share").map { "\(who) \($0)" }
    }
  }

  private static func deeds(_ suspicion: Suspicion, buffers: String) -> [String] {
    var deeds: [String] = []
    if suspicion.malformed > 0 {
      deeds.append(
        "wrote \(counted(suspicion.malformed, "record")) that do not match the schemas of their "
          + "events or name another process; they were dropped")
    }
    if suspicion.isOverwritten {
      deeds.append(
        "overwrote \(buffers) with other data; unreadable events were dropped, and counted "
          + "as far as the rest of the buffers shows their number")
    }
    if suspicion.hasImplausibleCounters {
      deeds.append(
        "wrote impossible values into the counters of \(buffers); they were ignored, and the "
          + "number of lost events is not known")
    }
    return deeds
  }

  private static func oneOf(_ indices: [UInt32], _ processes: [TracedProcess]) -> String {
    let names = processes.filter { $0.index.map(indices.contains) ?? false }.prefix(namesMax).map {
      let name = $0.executable.split(separator: "/").last.map(String.init) ?? "?"
      return "\(name) (\($0.pid))"
    }
    let more = indices.count - names.count
    let list = names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    return "one of the \(indices.count) processes that share buffers (\(list))"
  }
}
