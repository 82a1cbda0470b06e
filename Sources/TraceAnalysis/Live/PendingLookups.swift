/// Lookups of stacks whose answer may still change, indexed by address and by stage.
///
/// - Guarantee: holds at most `capacity` lookups, and twice as many frames of different stacks and
///   answers; a ticket is never reused.
/// - Cost: O(1) to add, to move between queues and to remove, plus one step per frame without a
///   certain name. A search visits the addresses in the requested range, their stacks, and the
///   lookups that it returns. About 60 bytes per lookup, and those of ``PendingStacks``.
struct PendingLookups: ~Copyable {
  /// The stage of a lookup; each stage is a queue in order of arrival.
  enum Stage: Int, CaseIterable {
    /// Its time is within the hold window: answered from the early announcements.
    case open
    /// Its time is settled, but a late announcement may still change its names.
    case watched
    /// Some of its frames have no name, and wait for one. The names of the others are final.
    case unnamed
  }

  struct Lookup {
    /// Number of its entry in ``PendingLookups/stacks``.
    let stack: Int32
    let time: Int64
    /// The answer that was last reported.
    fileprivate(set) var told: StackAnswer?
    fileprivate(set) var stage: Stage
    fileprivate(set) var serial: UInt64
    /// Links to the stack's other lookups.
    fileprivate var others = Links()
    fileprivate var queue = Links()

    /// Frames whose answer may change by announcements of later changes.
    fileprivate var unsure: [Int32] {
      (stage == .unnamed ? told?.unnamed : told?.unsure) ?? []
    }

    fileprivate func isUnsure(_ index: Int) -> Bool {
      guard let answer = told?.resolutions[index] else { return false }
      return stage == .unnamed ? answer.symbolID == nil : !answer.isCertain
    }
  }

  fileprivate struct Links {
    var previous: Int32 = -1
    var next: Int32 = -1
  }

  private struct Queue {
    var first: Int32 = -1
    var last: Int32 = -1
  }

  /// A frame of a pending lookup.
  struct Frame {
    var slot: Int32
    var index: Int
  }

  private static let slotBits: UInt64 = 24
  static let capacityMax = 1 << Int(slotBits)

  let capacity: Int
  private(set) var count = 0
  var stacks = PendingStacks()
  /// Number of frames of the answers given to pending lookups.
  private var answerFrames = 0
  private var slots: [Lookup] = []
  private var free: [Int32] = []
  private var queues = [Queue](repeating: Queue(), count: Stage.allCases.count)
  private var nextSerial: UInt64 = 1

  init(capacity: Int) { self.capacity = min(max(capacity, 1), Self.capacityMax) }

  var isFull: Bool {
    count >= capacity || (stacks.framesInUse + answerFrames) / 2 > capacity
  }

  /// The approximate size in bytes.
  var memoryBytes: Int {
    slots.capacity * MemoryLayout<Lookup>.stride
      + stacks.frameCount * MemoryLayout<PendingStacks.Frame>.stride
      + answerFrames * MemoryLayout<Resolution>.stride
  }

  subscript(slot: Int32) -> Lookup {
    _read { yield slots[Int(slot)] }
  }

  func isInUse(_ slot: Int32) -> Bool { slots[Int(slot)].serial != 0 }

  /// The answer that was last reported for a lookup.
  func told(_ slot: Int32) -> StackAnswer { slots[Int(slot)].told! }

  func ticket(of slot: Int32) -> PendingTicket {
    PendingTicket(rawValue: slots[Int(slot)].serial << Self.slotBits | UInt64(slot))
  }

  func slot(of ticket: PendingTicket) -> Int32? {
    let slot = Int(ticket.rawValue & (1 << Self.slotBits - 1))
    guard slot < slots.count, slots[slot].serial == ticket.rawValue >> Self.slotBits else {
      return nil
    }
    return Int32(slot)
  }

  // MARK: Adding and removing

  mutating func add(
    _ stack: Int32, at time: Int64, told: StackAnswer, _ stage: Stage
  ) -> Int32 {
    let lookup = Lookup(stack: stack, time: time, told: nil, stage: stage, serial: nextSerial)
    nextSerial += 1
    let slot = free.popLast() ?? Int32(slots.count)
    if Int(slot) == slots.count { slots.append(lookup) } else { slots[Int(slot)] = lookup }
    count += 1
    stacks.use(stack)
    let next = stacks[stack].head
    slots[Int(slot)].others = Links(next: next)
    if next >= 0 { slots[Int(next)].others.previous = slot }
    stacks[stack].head = slot
    give(slot, told)
    enqueue(slot, stage)
    return slot
  }

  mutating func remove(_ slot: Int32) {
    dequeue(slot)
    give(slot, nil)
    let lookup = slots[Int(slot)]
    if lookup.others.next >= 0 {
      slots[Int(lookup.others.next)].others.previous = lookup.others.previous
    }
    if lookup.others.previous >= 0 {
      slots[Int(lookup.others.previous)].others.next = lookup.others.next
    } else {
      stacks[lookup.stack].head = lookup.others.next
    }
    stacks.leave(lookup.stack)
    slots[Int(slot)].serial = 0
    free.append(slot)
    count -= 1
  }

  /// Replaces the answer that was last reported for a lookup.
  mutating func tell(_ slot: Int32, _ answer: StackAnswer) { give(slot, answer) }

  private mutating func give(_ slot: Int32, _ answer: StackAnswer?) {
    countUnsure(slot, -1)
    if let former = slots[Int(slot)].told {
      former.pendingUses -= 1
      if former.pendingUses == 0 { answerFrames -= former.resolutions.count }
    }
    slots[Int(slot)].told = answer
    guard let answer else { return }
    if answer.pendingUses == 0 { answerFrames += answer.resolutions.count }
    answer.pendingUses += 1
    countUnsure(slot, 1)
  }

  private mutating func countUnsure(_ slot: Int32, _ change: Int) {
    let unsure = slots[Int(slot)].unsure
    guard !unsure.isEmpty else { return }
    let stack = slots[Int(slot)].stack
    stacks.countUnsure(stack, unsure, change)
  }

  // MARK: Queues

  /// The lookup that has been in a stage for the longest time.
  func first(_ stage: Stage) -> Int32? {
    let first = queues[stage.rawValue].first
    return first >= 0 ? first : nil
  }

  mutating func move(_ slot: Int32, to stage: Stage) {
    dequeue(slot)
    let isSame = slots[Int(slot)].told.map { $0.unsure.count == $0.unnamed.count } ?? true
    if !isSame { countUnsure(slot, -1) }
    slots[Int(slot)].stage = stage
    if !isSame { countUnsure(slot, 1) }
    enqueue(slot, stage)
  }

  private mutating func enqueue(_ slot: Int32, _ stage: Stage) {
    let last = queues[stage.rawValue].last
    slots[Int(slot)].queue = Links(previous: last)
    if last >= 0 {
      slots[Int(last)].queue.next = slot
    } else {
      queues[stage.rawValue].first = slot
    }
    queues[stage.rawValue].last = slot
  }

  private mutating func dequeue(_ slot: Int32) {
    let (stage, links) = (slots[Int(slot)].stage.rawValue, slots[Int(slot)].queue)
    if links.previous >= 0 {
      slots[Int(links.previous)].queue.next = links.next
    } else {
      queues[stage].first = links.next
    }
    if links.next >= 0 {
      slots[Int(links.next)].queue.previous = links.previous
    } else {
      queues[stage].last = links.previous
    }
  }

  // MARK: Searching

  /// Returns the frames of a process in a range whose answer may change if occupants have changed
  /// from `time` on. A certain name for an earlier time cannot change; a late or uncertain one may,
  /// and a missing one may become known.
  ///
  /// - Parameter disorder: maximum by which a lookup's time may precede that of one added before
  ///   it.
  func frames(
    of pid: UInt32, in range: Range<UInt64>, from time: Int64, disorder: Int64
  ) -> [Frame] {
    let end = time.earlier(by: disorder)
    var found: [Frame] = []
    stacks.forEachFrame(of: pid, in: range) { frame in
      let index = Int(frame.pointee.index)
      var unsure = Int(frame.pointee.unsure)
      var slot = stacks[frame.pointee.stack].head
      while slot >= 0 {
        let lookup = slots[Int(slot)]
        let isUnsure = unsure > 0 && lookup.isUnsure(index)
        if isUnsure { unsure -= 1 }
        if isUnsure || lookup.time >= time {
          found.append(Frame(slot: slot, index: index))
        } else if unsure <= 0, lookup.time < end {
          break
        }
        slot = lookup.others.next
      }
    }
    return found
  }

  /// Like ``frames(of:in:from:disorder:)`` for all addresses of a process: returns the lookups.
  func slots(of pid: UInt32, from time: Int64, disorder: Int64) -> [Int32] {
    let end = time.earlier(by: disorder)
    var found: [Int32] = []
    stacks.forEachStack(of: pid) { number in
      var (slot, unsure) = (stacks[number].head, stacks[number].unsure)
      while slot >= 0 {
        let lookup = slots[Int(slot)]
        let isUnsure = !lookup.unsure.isEmpty
        if isUnsure { unsure -= 1 }
        if isUnsure || lookup.time >= time {
          found.append(slot)
        } else if unsure <= 0, lookup.time < end {
          break
        }
        slot = lookup.others.next
      }
    }
    return found
  }
}

extension Resolution {
  /// Whether this is a name whose certainty is `certain`.
  var isCertain: Bool {
    if case .symbol(_, _, .certain) = self { true } else { false }
  }
}
