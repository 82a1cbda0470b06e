/// The addresses of pending stacks' frames by process, with the latest answers for each.
///
/// - Guarantee: a number is valid until ``removeEmpty()``.
/// - Cost: mostly one probe of a hash table per search; about 250 bytes per place.
struct StackPlaces {
  struct Key: Hashable, BitwiseCopyable {
    let pid: UInt32
    let isCaller: Bool
    let address: UInt64
    var page: UInt64 { address >> pageShift }
  }

  /// The frames at one address of a process, and the latest answers by phase.
  struct Place {
    let key: Key
    var answers = InlineArray<3, PlaceAnswer>(repeating: PlaceAnswer())
    /// The first of its frames, which are linked, and their number.
    var head: UnsafeMutablePointer<PendingStacks.Frame>?
    var count = 0
  }

  static let pageShift: UInt64 = 12
  /// Minimum number of unused places before they are removed.
  private static let emptyAtLeast = 1 << 12

  private(set) var places: [Place] = []
  /// Numbers of the places by hash; -1 in a free slot.
  private var slots = [Int32](repeating: -1, count: 1024)
  /// Addresses come from traced programs, which cannot predict the seed.
  private let seed = UInt64.random(in: .min ... .max) | 1
  /// Places of each process by page.
  private var pages: [UInt32: [UInt64: [Int32]]] = [:]
  private var emptyCount = 0

  var hasManyEmpty: Bool { emptyCount > max(Self.emptyAtLeast, places.count / 2) }

  subscript(number: Int32) -> Place {
    _read { yield places[Int(number)] }
    _modify { yield &places[Int(number)] }
  }

  private func slot(of key: Key) -> Int {
    let mixed = key.address ^ UInt64(key.pid) &<< 40 ^ (key.isCaller ? 1 &<< 63 : 0)
    let product = (mixed ^ seed).multipliedFullWidth(by: seed)
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: product.high ^ product.low) & mask
    while slots[slot] >= 0, places[Int(slots[slot])].key != key { slot = (slot + 1) & mask }
    return slot
  }

  /// Returns the number of a place, which is created if it does not exist.
  mutating func number(of key: Key) -> Int32 {
    let slot = slot(of: key)
    if slots[slot] >= 0 { return slots[slot] }
    let number = Int32(places.count)
    places.append(Place(key: key))
    emptyCount += 1
    slots[slot] = number
    pages[key.pid, default: [:]][key.page, default: []].append(number)
    if places.count * 2 > slots.count { rehash(slots.count * 2) }
    return number
  }

  private mutating func rehash(_ count: Int) {
    slots = [Int32](repeating: -1, count: count)
    for number in places.indices { slots[slot(of: places[number].key)] = Int32(number) }
  }

  /// Inserts a frame at the head of the list of its place.
  mutating func enlist(_ frame: UnsafeMutablePointer<PendingStacks.Frame>, of pid: UInt32) {
    let key = Key(
      pid: pid, isCaller: frame.pointee.isCaller, address: frame.pointee.address)
    let number = number(of: key)
    let next = places[Int(number)].head
    (frame.pointee.place, frame.pointee.next) = (number, next)
    next?.pointee.previous = frame
    places[Int(number)].head = frame
    if places[Int(number)].count == 0 { emptyCount -= 1 }
    places[Int(number)].count += 1
  }

  mutating func delist(_ frame: UnsafeMutablePointer<PendingStacks.Frame>) {
    let (previous, next) = (frame.pointee.previous, frame.pointee.next)
    let place = Int(frame.pointee.place)
    next?.pointee.previous = previous
    if let previous { previous.pointee.next = next } else { places[place].head = next }
    places[place].count -= 1
    if places[place].count == 0 { emptyCount += 1 }
  }

  /// Removes the places without frames, and renumbers the others.
  mutating func removeEmpty() {
    places = places.filter { $0.count > 0 }
    (pages, emptyCount) = ([:], 0)
    for (number, place) in places.enumerated() {
      pages[place.key.pid, default: [:]][place.key.page, default: []].append(Int32(number))
      var frame = place.head
      while let each = frame {
        each.pointee.place = Int32(number)
        frame = each.pointee.next
      }
    }
    var count = 1024
    while count < places.count * 4 { count *= 2 }
    rehash(count)
  }

  /// Calls `body` with each frame of a process in a range.
  func forEachFrame(
    of pid: UInt32, in range: Range<UInt64>,
    _ body: (UnsafeMutablePointer<PendingStacks.Frame>) -> Void
  ) {
    guard let pages = pages[pid], !range.isEmpty else { return }
    func visit(_ numbers: [Int32]) {
      for number in numbers where range.contains(places[Int(number)].key.address) {
        var frame = places[Int(number)].head
        while let each = frame {
          body(each)
          frame = each.pointee.next
        }
      }
    }
    let (first, last) = (
      range.lowerBound >> Self.pageShift, (range.upperBound - 1) >> Self.pageShift
    )
    if last - first < UInt64(pages.count) {
      for page in first...last { if let numbers = pages[page] { visit(numbers) } }
    } else {
      for (page, numbers) in pages where page >= first && page <= last { visit(numbers) }
    }
  }
}
