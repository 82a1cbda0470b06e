internal import Glibc

/// Decodes a replay's blocks ahead of the replay, in the order in which they will be opened, on
/// separate threads.
///
/// The order of delivery does not depend on the threads: the replay takes the blocks in their
/// order, and decodes a block itself if no thread has begun it.
///
/// - Cost: at most ``blocksPerThread`` decoded blocks per thread wait for the replay.
/// - Trap: ``stop()`` must be called. Until then, nothing that is used to read the blocks may
///   change.
final class BlocksAhead: @unchecked Sendable {
  static let blocksPerThread = 1
  static let threadsMax = 3
  /// With fewer blocks, starting threads is not worthwhile.
  private static let blocksMin = 4

  private enum State {
    case waiting
    case begun
    case done(Result<ActiveBlock, FormatError>)
    case taken
  }

  // The lock protects the mutable state from here to `spares`.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  /// Signaled when a block was decoded or taken, or decoding was stopped.
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var states: [State]
  /// Position of the first block that may be waiting.
  private var nextWaiting = 0
  /// Number of blocks taken; they are the first ones.
  private var takenCount = 0
  private var isStopped = false
  /// Used blocks that can be filled again.
  private var spares: [ActiveBlock] = []

  private let entries: [BlockEntry]
  private let routes: RouteTable
  private let source: TraceBytes
  private let fileID: UInt32?
  private var threads: [pthread_t] = []
  private let aheadMax: Int
  /// Reader for the blocks that the replay decodes itself.
  private var ownReader: BlockReader

  /// - Parameter entries: the blocks in the order in which they will be taken.
  init(_ file: TraceFile, _ routes: RouteTable, _ entries: [BlockEntry], threads wanted: Int?) {
    self.entries = entries
    self.routes = routes
    source = file.source
    fileID = file.reader.fileID
    ownReader = BlockReader(source: source, fileID: fileID)
    states = Array(repeating: .waiting, count: entries.count)
    lock = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
    var count = 0
    if entries.count >= Self.blocksMin {
      count = wanted ?? min(sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1, Self.threadsMax)
    }
    aheadMax = count * Self.blocksPerThread
    for _ in 0..<max(count, 0) { start() }
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(lock)
    changed.deallocate()
    lock.deallocate()
  }

  /// Stops the threads and waits for them.
  func stop() {
    locked { isStopped = true }
    pthread_cond_broadcast(changed)
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  private func locked<R>(_ body: () -> R) -> R {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body()
  }

  // MARK: The replay's side

  /// Returns the next block, decoded.
  func take() throws(FormatError) -> ActiveBlock {
    pthread_mutex_lock(lock)
    let position = takenCount
    takenCount += 1
    while case .begun = states[position] { pthread_cond_wait(changed, lock) }
    let state = states[position]
    states[position] = .taken
    let spare = if case .waiting = state { spares.popLast() } else { ActiveBlock?.none }
    pthread_mutex_unlock(lock)
    // Wake the threads: there is room for one more block.
    pthread_cond_broadcast(changed)
    if case .done(let result) = state { return try result.get() }
    let block = spare ?? ActiveBlock()
    try block.read(entries[position], routes, with: &ownReader)
    return block
  }

  /// Returns a block that is no longer used to the pool.
  func recycle(_ block: ActiveBlock) {
    locked {
      if spares.count < 4 + aheadMax { spares.append(block) }
    }
  }

  // MARK: The threads' side

  /// Starts a thread with all signals blocked, so that signals go to the program's own threads.
  private func start() {
    var every = sigset_t()
    var before = sigset_t()
    sigfillset(&every)
    pthread_sigmask(SIG_SETMASK, &every, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let itself = Unmanaged.passRetained(self)
    var thread = pthread_t()
    // If no thread can be created, the replay decodes every block itself.
    if pthread_create(&thread, nil, Self.main, itself.toOpaque()) == 0 {
      threads.append(thread)
    } else {
      itself.release()
    }
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
    Unmanaged<BlocksAhead>.fromOpaque($0!).takeRetainedValue().decodeAll()
    return nil
  }

  private func decodeAll() {
    var reader = BlockReader(source: source, fileID: fileID)
    while let (position, spare) = begin() {
      let block = spare ?? ActiveBlock()
      let result: Result<ActiveBlock, FormatError>
      do throws(FormatError) {
        try block.read(entries[position], routes, with: &reader)
        result = .success(block)
      } catch {
        result = .failure(error)
      }
      locked { states[position] = .done(result) }
      pthread_cond_broadcast(changed)
    }
  }

  /// Waits until the next block is within the limit of blocks ahead, and claims it. Returns nil if
  /// there are no more.
  private func begin() -> (Int, ActiveBlock?)? {
    locked {
      while true {
        if isStopped { return nil }
        nextWaiting = max(nextWaiting, takenCount)
        guard nextWaiting < states.count else { return nil }
        if nextWaiting < takenCount + aheadMax {
          states[nextWaiting] = .begun
          nextWaiting += 1
          return (nextWaiting - 1, spares.popLast())
        }
        pthread_cond_wait(changed, lock)
      }
    }
  }
}
