internal import TraceFormat

/// Assigns processes to workers so that each worker has about the same number of events.
struct ProcessOwners {
  /// Number of parts into which the trace is divided for sampling.
  private static let partCount = 64
  private static let sampledParts = 4
  /// Maximum load of the busiest worker, as a multiple of its fair share.
  private static let unfairnessMax = 1.3

  private var owners: [UInt32: Int] = [:]
  private let count: Int

  /// - Parameter events: number of sampled events of each process.
  ///
  /// Returns nil if the processes cannot be divided fairly, because one has most of the events.
  init?(_ events: [UInt32: Int], _ count: Int) {
    self.count = count
    var loads = [Int](repeating: 0, count: count)
    for (pid, weight) in events.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      let owner = loads.indices.min { (loads[$0], $0) < (loads[$1], $1) }!
      owners[pid] = owner
      loads[owner] += weight
    }
    let total = loads.reduce(0, +)
    guard total > 0, Double(loads.max()! * count) <= Double(total) * Self.unfairnessMax else {
      return nil
    }
  }

  /// Returns the processes of a worker; workers are numbered from 0.
  func share(of worker: Int) -> PIDShare {
    PIDShare(of: worker, among: count, readers: owners)
  }

  /// Returns the number of events of each process in a sample of the trace.
  ///
  /// - Cost: reads and counts one sixteenth of the events.
  static func sample(_ file: TraceFile, _ filter: ReplayFilter) throws -> [UInt32: Int] {
    var counts: [UInt32: Int] = [:]
    let parts = file.parts(partCount, of: filter)
    for number in 0..<sampledParts {
      let replay = Replay(TraceFile(twinOf: file))
      replay.filter.time = parts[(2 * number + 1) * parts.count / (2 * sampledParts)]
      replay.decodingThreads = 0
      replay.onAny(where: filter, fields: .none) { event in
        counts[event.header.pid, default: 0] += 1
      }
      try replay.run()
    }
    return counts
  }
}
