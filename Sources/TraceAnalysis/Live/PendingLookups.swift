/// Lookups whose answer may still change, indexed by address and by stage.
///
/// - Guarantee: at most `capacity`; a ticket is never given twice.
/// - Cost: O(1) to add, to move between queues and to remove; adding looks its address up in a hash
///   table. A search costs the addresses in the range that were asked for, and the look-ups that it
///   finds. About 120 bytes each, and 100 for each address.
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
    /// The number of its place, and the others there.
    fileprivate var placeNumber: Int32 = -1
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
    let key: PlaceKey
    var head: Int32 = -1
    var count = 0
    /// Those that have no name, or not surely.
    var unsure = 0
  }

  private struct PlaceKey: Hashable {
    let pid: UInt32
    let address: UInt64
    var page: UInt64 { address >> pageShift }
  }

  /// A process's places by 4 KB, and the number of those that have look-ups.
  private struct Places {
    var pages: [UInt64: [Int32]] = [:]
    var inUse = 0
  }

  /// Places without look-ups, at least, before they are removed.
  private static let emptyAtLeast = 1 << 12
  private static let slotBits: UInt64 = 24
  static let capacityMax = 1 << Int(slotBits)
  private static let pageShift: UInt64 = 12

  let capacity: Int
  private(set) var count = 0
  private var slots: [Lookup] = []
  private var free: [Int32] = []
  private var queues = [Queue](repeating: Queue(), count: Stage.allCases.count)
  private var places: [Place] = []
  private var placeNumbers: [PlaceKey: Int32] = [:]
  private var emptyPlaces = 0
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
    if change != 0 { places[Int(lookup.placeNumber)].unsure += change }
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
  var pids: [UInt32] { processes.filter { $0.value.inUse > 0 }.map(\.key) }

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
    place(slot, lookup)
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
    } else {
      places[Int(lookup.placeNumber)].head = lookup.place.next
    }
    leave(lookup)
    slots[Int(slot)].serial = 0
    free.append(slot)
    count -= 1
    // Few enough that what it costs to go over the look-ups is little for each.
    if emptyPlaces > max(Self.emptyAtLeast, places.count / 2, slots.count / 16) {
      removeEmptyPlaces()
    }
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

  /// Puts a look-up before the others of its address.
  private mutating func place(_ slot: Int32, _ lookup: Lookup) {
    let number = placeNumber(PlaceKey(pid: lookup.pid, address: lookup.address))
    let next = places[Int(number)].head
    places[Int(number)].head = slot
    places[Int(number)].count += 1
    if !lookup.told.isCertain { places[Int(number)].unsure += 1 }
    if places[Int(number)].count == 1 {
      emptyPlaces -= 1
      processes[lookup.pid]?.inUse += 1
    }
    slots[Int(slot)].placeNumber = number
    slots[Int(slot)].place = Links(next: next)
    if next >= 0 { slots[Int(next)].place.previous = slot }
  }

  /// Returns the number of a place, which is made if there is none.
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
    processes[key.pid, default: Places()].pages[key.page, default: []].append(number)
  }

  private mutating func leave(_ lookup: Lookup) {
    let number = Int(lookup.placeNumber)
    places[number].count -= 1
    if !lookup.told.isCertain { places[number].unsure -= 1 }
    if places[number].count == 0 {
      emptyPlaces += 1
      processes[lookup.pid]?.inUse -= 1
    }
  }

  /// Places are numbered anew.
  private mutating func removeEmptyPlaces() {
    var numbers = [Int32](repeating: -1, count: places.count)
    var kept: [Place] = []
    for (number, place) in places.enumerated() where place.count > 0 {
      numbers[number] = Int32(kept.count)
      kept.append(place)
    }
    places = kept
    emptyPlaces = 0
    (placeNumbers, processes) = ([:], [:])
    for number in places.indices {
      enter(Int32(number))
      processes[places[number].key.pid]?.inUse += 1
    }
    for slot in slots.indices where slots[slot].serial != 0 {
      slots[slot].placeNumber = numbers[Int(slots[slot].placeNumber)]
    }
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
    guard let process = processes[pid], process.inUse > 0 else { return [] }
    let (bound, overflow) = time.subtractingReportingOverflow(disorder)
    let end = overflow ? Int64.min : bound
    var found: [Int32] = []
    forEachPlace(of: process, in: range) { place in
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
    of process: Places, in range: Range<UInt64>?, _ body: (Place) -> Void
  ) {
    func visit(_ numbers: [Int32]) {
      for number in numbers where range?.contains(places[Int(number)].key.address) ?? true {
        if places[Int(number)].count > 0 { body(places[Int(number)]) }
      }
    }
    guard let range else { return process.pages.values.forEach(visit) }
    guard !range.isEmpty else { return }
    let (first, last) = (
      range.lowerBound >> Self.pageShift, (range.upperBound - 1) >> Self.pageShift
    )
    if last - first < UInt64(process.pages.count) {
      for page in first...last { if let numbers = process.pages[page] { visit(numbers) } }
    } else {
      for (page, numbers) in process.pages where page >= first && page <= last { visit(numbers) }
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
