/// The statistics of a run, for users.
struct Statistics: CustomStringConvertible {
  let description: String

  init(_ machine: Machine) {
    let counts = machine.compiler?.counts ?? TierCompiler.Counts()
    description = """
      compiled \(counts.compilations), optimised \(counts.optimizations), \
      evicted \(counts.evictions), moved \(counts.moves), \
      collections \(machine.heap.collectionCount), full \(machine.heap.fullCollectionCount), \
      promoted \(machine.heap.promotedWords * 8)
      """
  }
}
