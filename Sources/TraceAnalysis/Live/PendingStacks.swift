internal import TraceFormat

/// The stacks of pending lookups, indexed by process and by the addresses of their frames. Lookups
/// of the same stack in the same process share one entry, which also caches the latest answers.
///
/// - Guarantee: an entry lasts as long as it has lookups. At most ``idleFramesMax`` frames are kept
///   in entries without lookups.
/// - Cost: a known stack costs one hash of its addresses; a new one costs a hash table lookup per
///   frame. About 70 bytes per frame, and 250 per address.
struct PendingStacks: ~Copyable {
  struct Key: Hashable {
    let pid: UInt32
    /// Whether the innermost frame's address is a return address.
    let isCaller: Bool
    let addresses: [UInt64]

    func hash(into hasher: inout Hasher) {
      hasher.combine(pid)
      addresses.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
  }

  /// A frame of a stack. The frames at one address are linked.
  ///
  /// - Guarantee: stays in place as long as its stack's entry exists.
  struct Frame: BitwiseCopyable {
    /// The searched address; for a caller, one less than its address.
    let address: UInt64
    let isCaller: Bool
    /// Number of its stack's entry, and its position in the stack.
    let stack: Int32
    let index: Int32
    /// Number of lookups whose answer for this frame is not certain, or missing.
    var unsure: Int32 = 0
    /// Number of its place.
    var place: Int32 = -1
    var previous: UnsafeMutablePointer<Frame>?
    var next: UnsafeMutablePointer<Frame>?

    /// Whether announcements can change its name. Kernel functions do not move.
    var isWatched: Bool { !StackAddress.isKernel(address) }
  }

  struct Stack {
    let key: Key
    /// Owned by the table. Empty if the entry is not in use.
    let frames: UnsafeMutableBufferPointer<Frame>
    /// Whether announcements can change the name of any frame.
    let isWatched: Bool
    /// The lookups, most recently added first; their number; and the number of those with an answer
    /// that is not certain.
    var head: Int32 = -1
    var count = 0
    var unsure = 0
    /// Latest answers by phase.
    var answers = InlineArray<3, CachedAnswer?>(repeating: nil)
    fileprivate var positionInProcess = 0
    /// Links of the entries without lookups, in order of their last use.
    fileprivate var previousIdle: Int32 = -1
    fileprivate var nextIdle: Int32 = -1

    fileprivate init(_ key: Key, _ number: Int32) {
      self.key = key
      frames = .allocate(capacity: key.addresses.count)
      var (inner, isWatched): (UInt64?, Bool) = (nil, false)
      for (index, address) in key.addresses.enumerated() {
        let isCaller =
          inner == nil ? key.isCaller : StackAddress.isCaller(address, inner: inner)
        let frame = Frame(
          address: isCaller ? address &- 1 : address, isCaller: isCaller, stack: number,
          index: Int32(index))
        frames.initializeElement(at: index, to: frame)
        isWatched = isWatched || frame.isWatched
        inner = address
      }
      self.isWatched = isWatched
    }

    /// An entry that is not in use.
    fileprivate init() {
      key = Key(pid: 0, isCaller: false, addresses: [])
      (frames, isWatched) = (UnsafeMutableBufferPointer(start: nil, count: 0), false)
    }
  }

  private struct Process {
    var stacks: [Int32] = []
    /// Number of lookups.
    var lookups = 0
  }

  static let idleFramesMax = 1 << 12

  private var stacks: [Stack] = []
  private var free: [Int32] = []
  private var numbers: [Key: Int32] = [:]
  /// Places of all frames.
  var places = StackPlaces()
  private var processes: [UInt32: Process] = [:]
  private var firstIdle: Int32 = -1
  private var lastIdle: Int32 = -1
  private var idleFrames = 0
  /// Number of frames of all entries.
  private(set) var frameCount = 0
  /// Number of entries ever made.
  private(set) var made: UInt64 = 0

  /// Number of frames of the entries with lookups.
  var framesInUse: Int { frameCount - idleFrames }

  deinit {
    for stack in stacks { stack.frames.deallocate() }
  }

  subscript(number: Int32) -> Stack {
    _read { yield stacks[Int(number)] }
    _modify { yield &stacks[Int(number)] }
  }

  /// Pids of the pending lookups.
  var pids: [UInt32] { processes.filter { $0.value.lookups > 0 }.map(\.key) }

  // MARK: Entries

  /// Returns the number of a stack's entry, which is created if it does not exist.
  mutating func number(of key: Key) -> Int32 {
    if let known = numbers[key] {
      if self[known].count == 0 {
        removeIdle(known)
        appendIdle(known)
      }
      return known
    }
    let number = free.popLast() ?? Int32(stacks.count)
    let stack = Stack(key, number)
    if Int(number) == stacks.count { stacks.append(stack) } else { stacks[Int(number)] = stack }
    numbers[key] = number
    frameCount += key.addresses.count
    made += 1
    processes[key.pid, default: Process()].stacks.append(number)
    self[number].positionInProcess = processes[key.pid]!.stacks.count - 1
    for index in stack.frames.indices {
      places.enlist(stack.frames.baseAddress! + index, of: key.pid)
    }
    appendIdle(number)
    while idleFrames > Self.idleFramesMax, firstIdle != number { remove(firstIdle) }
    return number
  }

  private mutating func remove(_ number: Int32) {
    let stack = self[number]
    removeIdle(number)
    for index in stack.frames.indices { places.delist(stack.frames.baseAddress! + index) }
    let last = processes[stack.key.pid]!.stacks.removeLast()
    if last != number {
      processes[stack.key.pid]!.stacks[stack.positionInProcess] = last
      self[last].positionInProcess = stack.positionInProcess
    }
    numbers[stack.key] = nil
    frameCount -= stack.frames.count
    stacks[Int(number)] = Stack()
    stack.frames.deallocate()
    free.append(number)
    guard places.hasManyEmpty else { return }
    places.removeEmpty()
    processes = processes.filter { !$0.value.stacks.isEmpty }
  }

  /// Counts a lookup of the stack, so that its entry is kept.
  mutating func use(_ number: Int32) {
    if self[number].count == 0 { removeIdle(number) }
    self[number].count += 1
    processes[self[number].key.pid]?.lookups += 1
  }

  mutating func leave(_ number: Int32) {
    self[number].count -= 1
    processes[self[number].key.pid]?.lookups -= 1
    guard self[number].count == 0 else { return }
    appendIdle(number)
    while idleFrames > Self.idleFramesMax { remove(firstIdle) }
  }

  private mutating func appendIdle(_ number: Int32) {
    (self[number].previousIdle, self[number].nextIdle) = (lastIdle, -1)
    if lastIdle >= 0 { self[lastIdle].nextIdle = number } else { firstIdle = number }
    lastIdle = number
    idleFrames += self[number].frames.count
  }

  private mutating func removeIdle(_ number: Int32) {
    let (previous, next) = (self[number].previousIdle, self[number].nextIdle)
    if previous >= 0 { self[previous].nextIdle = next } else { firstIdle = next }
    if next >= 0 { self[next].previousIdle = previous } else { lastIdle = previous }
    idleFrames -= self[number].frames.count
  }

  /// Drops the cached answers, except those given to lookups.
  mutating func forgetAnswers() {
    for index in stacks.indices { stacks[index].answers = InlineArray(repeating: nil) }
  }

  // MARK: By address

  /// Counts a lookup, or one less, that is unsure of these frames.
  mutating func countUnsure(_ number: Int32, _ indices: [Int32], _ change: Int) {
    self[number].unsure += change
    let frames = self[number].frames
    for index in indices { frames[Int(index)].unsure += Int32(change) }
  }

  /// Calls `body` with each frame of a process in a range.
  func forEachFrame(
    of pid: UInt32, in range: Range<UInt64>, _ body: (UnsafeMutablePointer<Frame>) -> Void
  ) {
    guard let process = processes[pid], process.lookups > 0 else { return }
    places.forEachFrame(of: pid, in: range, body)
  }

  /// Calls `body` with each stack of a process.
  func forEachStack(of pid: UInt32, _ body: (Int32) -> Void) {
    for number in processes[pid]?.stacks ?? [] { body(number) }
  }
}
