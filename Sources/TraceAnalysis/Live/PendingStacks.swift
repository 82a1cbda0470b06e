internal import TraceFormat

/// The stacks of pending lookups, indexed by process and by the addresses of their frames. Lookups
/// of the same stack in the same process share one entry, which also caches the latest answers.
///
/// - Guarantee: an entry lasts as long as it has lookups. At most ``idleFramesMax`` frames are kept
///   in entries without lookups.
/// - Cost: a known stack costs one hash of its addresses; a new one costs a hash table lookup per
///   frame. About 60 bytes per frame, and 250 per address.
struct PendingStacks {
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
  struct Frame {
    /// The searched address; for a caller, one less than its address.
    let address: UInt64
    let isCaller: Bool
    /// Whether announcements can change its name. Kernel functions do not move.
    var isWatched: Bool { !StackAddress.isKernel(address) }
    /// Number of lookups whose answer for this frame is not certain, or missing.
    var unsure: Int32 = 0
    /// Number of its place.
    fileprivate(set) var place: Int32 = -1
    fileprivate var previous = FrameID.none
    fileprivate var next = FrameID.none
  }

  struct FrameID: Equatable {
    var stack: Int32
    var index: Int32
    static let none = FrameID(stack: -1, index: -1)
  }

  struct Stack {
    let key: Key
    var frames: [Frame]
    /// Whether announcements can change the name of any frame.
    var isWatched: Bool { frames.contains { $0.isWatched } }
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
  }

  /// The frames at one address of a process, and the latest answers by phase.
  struct Place {
    fileprivate let key: PlaceKey
    var answers = InlineArray<3, PlaceAnswer>(repeating: PlaceAnswer())
    fileprivate var head = FrameID.none
    fileprivate var count = 0
  }

  fileprivate struct PlaceKey: Hashable {
    let pid: UInt32
    let isCaller: Bool
    let address: UInt64
    var page: UInt64 { address >> pageShift }
  }

  private struct Process {
    /// Places by 4 KB page.
    var pages: [UInt64: [Int32]] = [:]
    var stacks: [Int32] = []
    /// Number of lookups.
    var lookups = 0
  }

  static let idleFramesMax = 1 << 12
  /// Minimum number of unused places before they are removed.
  private static let emptyAtLeast = 1 << 12
  fileprivate static let pageShift: UInt64 = 12

  private var stacks: [Stack?] = []
  private var free: [Int32] = []
  private var numbers: [Key: Int32] = [:]
  /// Places of all frames, by number.
  private(set) var places: [Place] = []
  private var placeNumbers: [PlaceKey: Int32] = [:]
  private var emptyPlaces = 0
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

  subscript(number: Int32) -> Stack {
    _read { yield stacks[Int(number)]! }
    _modify { yield &stacks[Int(number)]! }
  }

  /// A place and its answers; the number is that of a frame of an existing entry.
  subscript(place number: Int) -> Place {
    _read { yield places[number] }
    _modify { yield &places[number] }
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
    if Int(number) == stacks.count { stacks.append(nil) }
    stacks[Int(number)] = Stack(key: key, frames: Self.frames(of: key))
    numbers[key] = number
    frameCount += key.addresses.count
    made += 1
    processes[key.pid, default: Process()].stacks.append(number)
    self[number].positionInProcess = processes[key.pid]!.stacks.count - 1
    for index in key.addresses.indices { enlist(FrameID(stack: number, index: Int32(index))) }
    appendIdle(number)
    while idleFrames > Self.idleFramesMax, firstIdle != number { remove(firstIdle) }
    return number
  }

  private static func frames(of key: Key) -> [Frame] {
    var (frames, inner): ([Frame], UInt64?) = ([], nil)
    frames.reserveCapacity(key.addresses.count)
    for address in key.addresses {
      let isCaller =
        inner == nil ? key.isCaller : StackAddress.isCaller(address, inner: inner)
      frames.append(Frame(address: isCaller ? address &- 1 : address, isCaller: isCaller))
      inner = address
    }
    return frames
  }

  private mutating func remove(_ number: Int32) {
    let stack = self[number]
    removeIdle(number)
    for index in stack.frames.indices { delist(FrameID(stack: number, index: Int32(index))) }
    let last = processes[stack.key.pid]!.stacks.removeLast()
    if last != number {
      processes[stack.key.pid]!.stacks[stack.positionInProcess] = last
      self[last].positionInProcess = stack.positionInProcess
    }
    numbers[stack.key] = nil
    frameCount -= stack.frames.count
    stacks[Int(number)] = nil
    free.append(number)
    if emptyPlaces > max(Self.emptyAtLeast, places.count / 2) { removeEmptyPlaces() }
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
    for index in stacks.indices { stacks[index]?.answers = InlineArray(repeating: nil) }
  }

  // MARK: By address

  private subscript(id: FrameID) -> Frame {
    _read { yield stacks[Int(id.stack)]!.frames[Int(id.index)] }
    _modify { yield &stacks[Int(id.stack)]!.frames[Int(id.index)] }
  }

  /// Inserts a frame at the head of its address's list.
  private mutating func enlist(_ id: FrameID) {
    let frame = self[id]
    let key = PlaceKey(
      pid: self[id.stack].key.pid, isCaller: frame.isCaller, address: frame.address)
    let number = placeNumber(key)
    let next = places[Int(number)].head
    (self[id].place, self[id].next) = (number, next)
    if next != .none { self[next].previous = id }
    places[Int(number)].head = id
    if places[Int(number)].count == 0 { emptyPlaces -= 1 }
    places[Int(number)].count += 1
  }

  private mutating func delist(_ id: FrameID) {
    let frame = self[id]
    if frame.next != .none { self[frame.next].previous = frame.previous }
    if frame.previous != .none {
      self[frame.previous].next = frame.next
    } else {
      places[Int(frame.place)].head = frame.next
    }
    places[Int(frame.place)].count -= 1
    if places[Int(frame.place)].count == 0 { emptyPlaces += 1 }
  }

  /// Returns the number of a place, which is created if it does not exist.
  private mutating func placeNumber(_ key: PlaceKey) -> Int32 {
    if let known = placeNumbers[key] { return known }
    let number = Int32(places.count)
    places.append(Place(key: key))
    emptyPlaces += 1
    enter(number)
    return number
  }

  private mutating func enter(_ number: Int32) {
    let key = places[Int(number)].key
    placeNumbers[key] = number
    processes[key.pid, default: Process()].pages[key.page, default: []].append(number)
  }

  /// Removes the places without frames, and renumbers the others.
  private mutating func removeEmptyPlaces() {
    let kept = places.filter { $0.count > 0 }
    (places, placeNumbers, emptyPlaces) = (kept, [:], 0)
    for pid in processes.keys { processes[pid]!.pages = [:] }
    processes = processes.filter { !$0.value.stacks.isEmpty }
    for number in places.indices {
      enter(Int32(number))
      var id = places[number].head
      while id != .none {
        self[id].place = Int32(number)
        id = self[id].next
      }
    }
  }

  /// Counts a lookup, or one less, that is unsure of these frames.
  mutating func countUnsure(_ number: Int32, _ indices: [Int32], _ change: Int) {
    self[number].unsure += change
    self[number].frames.withUnsafeMutableBufferPointer { frames in
      for index in indices { frames[Int(index)].unsure += Int32(change) }
    }
  }

  /// Calls `body` with each frame of a process in a range.
  func forEachFrame(of pid: UInt32, in range: Range<UInt64>, _ body: (FrameID) -> Void) {
    guard let process = processes[pid], process.lookups > 0, !range.isEmpty else { return }
    func visit(_ numbers: [Int32]) {
      for number in numbers where range.contains(places[Int(number)].key.address) {
        var id = places[Int(number)].head
        while id != .none {
          body(id)
          id = self[id].next
        }
      }
    }
    let (first, last) = (
      range.lowerBound >> Self.pageShift, (range.upperBound - 1) >> Self.pageShift
    )
    if last - first < UInt64(process.pages.count) {
      for page in first...last { if let numbers = process.pages[page] { visit(numbers) } }
    } else {
      for (page, numbers) in process.pages where page >= first && page <= last { visit(numbers) }
    }
  }

  /// Calls `body` with each stack of a process.
  func forEachStack(of pid: UInt32, _ body: (Int32) -> Void) {
    for number in processes[pid]?.stacks ?? [] { body(number) }
  }
}
