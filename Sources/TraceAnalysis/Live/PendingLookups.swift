/// Lookups whose answer may still change, indexed by address and by stage.
///
/// - Guarantee: at most `capacity`; tickets are not reused.
/// - Cost: O(1) to add, to remove and to move between queues. A search by address range visits its
///   pages, or all pages of the process if these are fewer. About 120 bytes for each lookup.
struct PendingLookups {
  /// The stage of a lookup; each stage is a queue in order of arrival.
  enum Stage: Int, CaseIterable {
    /// Its time is within the hold window: answered from the early announcements.
    case open
    /// Its time is settled, but a late announcement may still change its name.
    case watched
    /// It has no name, and waits for one.
    case unnamed
  }

  struct Lookup {
    let pid: UInt32
    let isCaller: Bool
    /// The searched address; for a caller, one less than its address.
    let address: UInt64
    let time: Int64
    /// The last delivered answer.
    var told: Resolution
    fileprivate(set) var stage = Stage.open
    fileprivate(set) var serial: UInt64 = 0
    fileprivate var page = Links()
    fileprivate var queue = Links()

    init(pid: UInt32, isCaller: Bool, address: UInt64, time: Int64, told: Resolution) {
      self.pid = pid
      self.isCaller = isCaller
      self.address = address
      self.time = time
      self.told = told
    }
  }

  fileprivate struct Links {
    var previous: Int32 = -1
    var next: Int32 = -1
  }

  private struct Queue {
    var first: Int32 = -1
    var last: Int32 = -1
    var count = 0
  }

  private static let slotBits: UInt64 = 24
  static let capacityMax = 1 << Int(slotBits)
  private static let pageShift: UInt64 = 12

  let capacity: Int
  private(set) var count = 0
  private var slots: [Lookup] = []
  private var free: [Int32] = []
  private var queues = [Queue](repeating: Queue(), count: Stage.allCases.count)
  private var pages: [UInt32: [UInt64: Int32]] = [:]
  private var nextSerial: UInt64 = 1

  init(capacity: Int) { self.capacity = min(max(capacity, 1), Self.capacityMax) }

  var isFull: Bool { count >= capacity }

  subscript(slot: Int32) -> Lookup {
    _read { yield slots[Int(slot)] }
    _modify { yield &slots[Int(slot)] }
  }

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

  /// Pids of pending lookups.
  var pids: some Sequence<UInt32> { pages.keys }

  // MARK: Adding and removing

  mutating func add(_ lookup: Lookup, _ stage: Stage) -> Int32 {
    let slot: Int32
    if let reused = free.popLast() {
      slot = reused
      slots[Int(slot)] = lookup
    } else {
      slot = Int32(slots.count)
      slots.append(lookup)
    }
    slots[Int(slot)].serial = nextSerial
    nextSerial += 1
    count += 1
    let page = lookup.address >> Self.pageShift
    let next = pages[lookup.pid]?[page] ?? -1
    slots[Int(slot)].page = Links(next: next)
    if next >= 0 { slots[Int(next)].page.previous = slot }
    pages[lookup.pid, default: [:]][page] = slot
    enqueue(slot, stage)
    return slot
  }

  mutating func remove(_ slot: Int32) {
    dequeue(slot)
    let lookup = slots[Int(slot)]
    if lookup.page.next >= 0 { slots[Int(lookup.page.next)].page.previous = lookup.page.previous }
    if lookup.page.previous >= 0 {
      slots[Int(lookup.page.previous)].page.next = lookup.page.next
    } else {
      let page = lookup.address >> Self.pageShift
      pages[lookup.pid]?[page] = lookup.page.next >= 0 ? lookup.page.next : nil
      if pages[lookup.pid]?.isEmpty == true { pages[lookup.pid] = nil }
    }
    slots[Int(slot)].serial = 0
    free.append(slot)
    count -= 1
  }

  // MARK: Queues

  /// The lookup that has been in a stage for the longest time.
  func first(_ stage: Stage) -> Int32? {
    let first = queues[stage.rawValue].first
    return first >= 0 ? first : nil
  }

  mutating func move(_ slot: Int32, to stage: Stage) {
    dequeue(slot)
    enqueue(slot, stage)
  }

  private mutating func enqueue(_ slot: Int32, _ stage: Stage) {
    let last = queues[stage.rawValue].last
    slots[Int(slot)].stage = stage
    slots[Int(slot)].queue = Links(previous: last)
    if last >= 0 {
      slots[Int(last)].queue.next = slot
    } else {
      queues[stage.rawValue].first = slot
    }
    queues[stage.rawValue].last = slot
    queues[stage.rawValue].count += 1
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
    queues[stage].count -= 1
  }

  // MARK: By address

  /// The lookups of a process in a range, or all of them.
  func slots(of pid: UInt32, in range: Range<UInt64>?) -> [Int32] {
    guard let own = pages[pid] else { return [] }
    var found: [Int32] = []
    func walk(_ head: Int32) {
      var slot = head
      while slot >= 0 {
        if range?.contains(slots[Int(slot)].address) ?? true { found.append(slot) }
        slot = slots[Int(slot)].page.next
      }
    }
    guard let range, !range.isEmpty else {
      if range == nil { for head in own.values { walk(head) } }
      return found
    }
    let (first, last) = (
      range.lowerBound >> Self.pageShift, (range.upperBound - 1) >> Self.pageShift
    )
    if last - first < UInt64(own.count) {
      for page in first...last { if let head = own[page] { walk(head) } }
    } else {
      for (page, head) in own where page >= first && page <= last { walk(head) }
    }
    return found
  }

  func visit(_ body: (Lookup) -> Void) {
    for lookup in slots where lookup.serial != 0 { body(lookup) }
  }
}
