/// Lookups whose answer may still change, indexed by address and by stage.
///
/// - Guarantee: at most `capacity`; a ticket is never given twice.
/// - Cost: O(1) to add and to move between queues, and to remove, but for a search among the
///   addresses of its 4 KB when it is the last of its address. A search costs the addresses in the
///   range that are asked for, and the look-ups that it finds. About 120 bytes each.
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
    /// What whoever asked was told last.
    fileprivate(set) var told: Resolution
    fileprivate(set) var stage = Stage.open
    fileprivate(set) var serial: UInt64 = 0
    fileprivate var place = Links()
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

  /// The look-ups of one address, the last that was added first.
  private struct Place {
    var head: Int32 = -1
    /// Those that have no name, or not surely.
    var unsure = 0
  }

  /// A process's addresses that are asked for, and which of them lie in which 4 KB.
  private struct Places {
    var byAddress: [UInt64: Place] = [:]
    var pages: [UInt64: [UInt64]] = [:]
  }

  private static let slotBits: UInt64 = 24
  static let capacityMax = 1 << Int(slotBits)
  private static let pageShift: UInt64 = 12

  let capacity: Int
  private(set) var count = 0
  private var slots: [Lookup] = []
  private var free: [Int32] = []
  private var queues = [Queue](repeating: Queue(), count: Stage.allCases.count)
  private var processes: [UInt32: Places] = [:]
  private var nextSerial: UInt64 = 1

  init(capacity: Int) { self.capacity = min(max(capacity, 1), Self.capacityMax) }

  var isFull: Bool { count >= capacity }

  subscript(slot: Int32) -> Lookup {
    _read { yield slots[Int(slot)] }
  }

  /// Whoever asked is told another answer.
  mutating func tell(_ slot: Int32, _ resolution: Resolution) {
    let lookup = slots[Int(slot)]
    let change = (resolution.isCertain ? 0 : 1) - (lookup.told.isCertain ? 0 : 1)
    slots[Int(slot)].told = resolution
    if change != 0 { processes[lookup.pid]?.byAddress[lookup.address]?.unsure += change }
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

  /// Pids that something is asked of.
  var pids: some Sequence<UInt32> { processes.keys }

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
    let next = Self.place(slot, lookup, in: &processes[lookup.pid, default: Places()])
    slots[Int(slot)].place = Links(next: next)
    if next >= 0 { slots[Int(next)].place.previous = slot }
    enqueue(slot, stage)
    return slot
  }

  mutating func remove(_ slot: Int32) {
    dequeue(slot)
    let lookup = slots[Int(slot)]
    if lookup.place.next >= 0 {
      slots[Int(lookup.place.next)].place.previous = lookup.place.previous
    }
    if lookup.place.previous >= 0 {
      slots[Int(lookup.place.previous)].place.next = lookup.place.next
    }
    displace(lookup)
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

  /// Puts a look-up before the others of its address; gives the one that was first.
  private static func place(
    _ slot: Int32, _ lookup: Lookup, in places: inout Places
  ) -> Int32 {
    var place = places.byAddress[lookup.address] ?? Place()
    if place.head < 0 {
      places.pages[lookup.address >> pageShift, default: []].append(lookup.address)
    }
    let next = place.head
    place.head = slot
    if !lookup.told.isCertain { place.unsure += 1 }
    places.byAddress[lookup.address] = place
    return next
  }

  private mutating func displace(_ lookup: Lookup) {
    let (pid, address) = (lookup.pid, lookup.address)
    let isFirst = lookup.place.previous < 0
    if !isFirst || lookup.place.next >= 0 {
      if isFirst { processes[pid]?.byAddress[address]?.head = lookup.place.next }
      if !lookup.told.isCertain { processes[pid]?.byAddress[address]?.unsure -= 1 }
      return
    }
    processes[pid]?.byAddress[address] = nil
    let page = address >> Self.pageShift
    if let position = processes[pid]?.pages[page]?.firstIndex(of: address) {
      processes[pid]?.pages[page]?.remove(at: position)
    }
    if processes[pid]?.pages[page]?.isEmpty == true { processes[pid]?.pages[page] = nil }
    if processes[pid]?.byAddress.isEmpty == true { processes[pid] = nil }
  }

  /// Look-ups of a process in a range, or all of them, whose answer can have changed when whoever
  /// was there has from `time` on: one that named who was there before cannot; who has no name, or
  /// has a late one, may get one by what comes.
  ///
  /// - Parameter disorder: how much later than a look-up one may have been added that is of an
  ///   earlier time.
  func slots(
    of pid: UInt32, in range: Range<UInt64>?, from time: Int64, disorder: Int64
  ) -> [Int32] {
    guard let places = processes[pid] else { return [] }
    let (bound, overflow) = time.subtractingReportingOverflow(disorder)
    let end = overflow ? Int64.min : bound
    var found: [Int32] = []
    forEachPlace(of: places, in: range) { place in
      var (slot, unsure) = (place.head, place.unsure)
      while slot >= 0 {
        let lookup = slots[Int(slot)]
        if !lookup.told.isCertain {
          unsure -= 1
          found.append(slot)
        } else if lookup.time >= time {
          found.append(slot)
        } else if unsure == 0, lookup.time < end {
          break
        }
        slot = lookup.place.next
      }
    }
    return found
  }

  private func forEachPlace(
    of places: Places, in range: Range<UInt64>?, _ body: (Place) -> Void
  ) {
    guard let range else { return places.byAddress.values.forEach(body) }
    guard !range.isEmpty else { return }
    func visit(_ addresses: [UInt64]) {
      for address in addresses where range.contains(address) {
        if let place = places.byAddress[address] { body(place) }
      }
    }
    let (first, last) = (
      range.lowerBound >> Self.pageShift, (range.upperBound - 1) >> Self.pageShift
    )
    if last - first < UInt64(places.pages.count) {
      for page in first...last { if let addresses = places.pages[page] { visit(addresses) } }
    } else {
      for (page, addresses) in places.pages where page >= first && page <= last {
        visit(addresses)
      }
    }
  }

  func visit(_ body: (Lookup) -> Void) {
    for lookup in slots where lookup.serial != 0 { body(lookup) }
  }
}

extension Resolution {
  /// Whether it is the name of who was surely there at that time.
  var isCertain: Bool {
    if case .symbol(_, _, .certain) = self { true } else { false }
  }
}
