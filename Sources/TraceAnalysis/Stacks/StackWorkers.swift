internal import Glibc
internal import TraceFormat

/// Collects the stacks of a large trace on several cores.
///
/// Each worker takes some of the processes, which share nothing but the kernel. If one process has
/// most of the events, each worker takes a part of the trace's time instead.
///
/// - Cost: addresses and stacks met in several parts are resolved in each. All workers together use
///   as much cache memory as one collector would.
enum StackWorkers {
  static let countMax = 4
  /// Minimum number of events in a part: below this, a thread costs more than it saves.
  static let eventsMin = 100_000
  static var coreCount: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

  /// Returns the collection; nil if one thread is to do all the work.
  static func collect(
    _ file: TraceFile, _ selection: StackSelection, _ resolver: some FrameResolver,
    cores: Int = coreCount, eventsMin: Int = eventsMin, sharers: Int = 1
  ) throws -> StackCollection? {
    guard !file.isLive, cores > 1 else { return nil }
    try file.checkIndex()
    let count = min(cores, countMax, file.eventCount(of: selection.filter) / eventsMin)
    guard count > 1 else { return nil }
    let shares = try shares(count, of: file, selection)
    var workers: [StackWorker] = []
    for share in shares {
      guard let resolver = resolver.another() else { return nil }
      workers.append(StackWorker(file, share, resolver, sharers: shares.count * sharers))
    }
    guard workers.count > 1 else { return nil }
    WorkerThreads.run(workers) { $0.run() }
    return try merge(workers, file)
  }

  /// Returns each worker's share of the selection.
  private static func shares(
    _ count: Int, of file: TraceFile, _ selection: StackSelection
  ) throws -> [StackShare] {
    if let owners = ProcessOwners(try ProcessOwners.sample(file, selection.filter), count) {
      return (0..<count).map { worker in
        var own = selection
        own.filter.pidShare = owners.share(of: worker)
        return StackShare(selection: own)
      }
    }
    return file.parts(count, of: selection.filter).map {
      StackShare(selection: selection, time: $0)
    }
  }

  private static func merge(_ workers: [StackWorker], _ file: TraceFile) throws -> StackCollection {
    file.replayRuns += 1
    for worker in workers { file.takeDamage(of: worker.file) }
    return StackCollection(merging: try workers.map { try $0.take() })
  }
}

/// The share of one worker.
struct StackShare {
  var selection: StackSelection
  /// Time range, both ends inclusive; nil for the whole trace.
  var time: ClosedRange<Int64>?
}

/// Collects the stacks of a share of a trace's events.
///
/// Thread safety is not checked by the compiler: the creator uses a worker only after it
/// has run.
private final class StackWorker: @unchecked Sendable {
  let file: TraceFile
  private let replay: Replay
  private var pass: StackCollecting?
  private var result: Result<StackCollection, any Error>?

  init(
    _ original: TraceFile, _ share: StackShare, _ resolver: some FrameResolver, sharers: Int
  ) {
    file = TraceFile(twinOf: original)
    replay = Replay(file)
    replay.filter.time = share.time
    replay.decodingThreads = 0
    pass = StackCollecting(file, share.selection, resolver, sharers: sharers)
  }

  func run() {
    result = Result {
      guard let pass else { return StackCollection() }
      pass.subscribe(to: replay)
      try replay.run()
      return pass.finish()
    }
    // Frees the caches here, on the worker's own thread.
    pass = nil
  }

  /// Returns the collection. Call once.
  func take() throws -> StackCollection {
    defer { result = nil }
    return try result?.get() ?? StackCollection()
  }
}
