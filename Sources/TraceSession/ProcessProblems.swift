/// What the drain found wrong with a process's memory, in sentences for people.
extension TracedProcess {
  /// Adds what the drain's figures say of this process.
  mutating func addProblems(of drained: DrainStatistics) {
    guard let index else { return }
    if let count = drained.malformed[index] {
      problems.append(
        "it wrote \(count) records that do not match their events' schemas; they were dropped")
    }
    for suspects in drained.damagedSets.values where suspects.contains(index) {
      let others = suspects.count - 1
      problems.append(
        others == 0
          ? "its buffers were overwritten with something else; what was not readable was dropped"
          : "the buffers that it shares with \(others) other processes were overwritten with "
            + "something else, by one of them; what was not readable was dropped")
    }
  }
}
