internal import TraceFormat

/// Which of some workers takes which process, so that each has about as many events.
struct ProcessOwners {
  /// Parts of the trace of which some are looked at.
  private static let partCount = 64
  private static let sampledParts = 4
  /// What the busiest worker may have, as a multiple of its fair share.
  private static let unfairnessMax = 1.3

  private var owners: [UInt32: Int] = [:]
  private let count: Int

  /// - Parameter events: how many events each process has, of those that were looked at.
  ///
  /// Nil where the processes cannot be shared out fairly: one has most of the events.
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

  /// From 0.
  func owner(of pid: UInt32) -> Int { owners[pid] ?? Int(pid) % count }

  /// How many events of some parts of the trace each process has.
  ///
  /// - Cost: reads and counts the 16th part of the events.
  static func sample(_ file: TraceFile, _ filter: ReplayFilter) throws -> [UInt32: Int] {
    var counts: [UInt32: Int] = [:]
    let parts = file.parts(partCount, of: filter)
    for number in 0..<sampledParts {
      let replay = Replay(TraceFile(twinOf: file))
      replay.filter.time = parts[(2 * number + 1) * parts.count / (2 * sampledParts)]
      replay.checksUnreadBlocks = false
      replay.decodingThreads = 0
      replay.onAny(where: filter, fields: .none) { event in
        counts[event.header.pid, default: 0] += 1
      }
      try replay.run()
    }
    return counts
  }
}
