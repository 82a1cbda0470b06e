/// Lookups whose answer may still change, indexed by address and by stage.
///
/// - Guarantee: holds at most `capacity` lookups; a ticket is never reused.
/// - Cost: O(1) to add, to move between queues and to remove; adding includes one hash table lookup
///   of the address. A search visits the addresses in the requested range, and the lookups that it
///   returns. About 120 bytes per lookup, and 100 per address.
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
    /// The answer that was last reported.
    fileprivate(set) var told: Resolution
    fileprivate(set) var stage = Stage.open
    fileprivate(set) var serial: UInt64 = 0
    /// The number of its place, and links to the place's other lookups.
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

  /// The lookups of one address, most recently added first.
  private struct Place {
    let key: PlaceKey
    var head: Int32 = -1
    var count = 0
    /// Number of lookups without a certain name.
    var unsure = 0
  }

  private struct PlaceKey: Hashable {
    let pid: UInt32
    let address: UInt64
    var page: UInt64 { address >> pageShift }
  }

  /// A process's places by 4 KB page, and the number of places that have lookups.
  private struct Places {
    var pages: [UInt64: [Int32]] = [:]
    var inUse = 0
  }

  /// Minimum number of places without lookups before such places are removed.
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

  /// Replaces the answer that was last reported for a lookup.
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

  /// Pids of the pending lookups.
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
    // The threshold bounds the cost of visiting all lookups to a small amount per lookup.
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

  /// Inserts a lookup at the head of its address's list.
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

  /// Removes the places without lookups, and renumbers the others.
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

  /// Returns the lookups of a process, in a range or at all addresses, whose answer may change if
  /// occupants have changed from `time` on. A certain name for an earlier time cannot change; a
  /// late or uncertain one may, and a missing one may become known.
  ///
  /// - Parameter disorder: maximum by which a lookup's time may precede that of one added before
  ///   it.
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
  /// Whether this is a name whose certainty is `certain`.
  var isCertain: Bool {
    if case .symbol(_, _, .certain) = self { true } else { false }
  }
}
