/// A queue of elements by time; elements with the same time are in order of insertion.
///
/// - Cost: constant for an element that is not earlier than those before it; O(log n) in the number
///   of the others for one that is.
struct TimeQueue<Element> {
  private struct Item {
    var time: Int64
    var sequence: UInt64
    var element: Element

    func precedes(_ other: Item) -> Bool {
      (time, sequence) < (other.time, other.sequence)
    }
  }

  /// Elements inserted in order of time, from `head` on.
  private var ordered: [Item] = []
  private var head = 0
  /// The others, as a heap.
  private var late: [Item] = []
  private var sequence: UInt64 = 0

  var count: Int { ordered.count - head + late.count }

  var firstTime: Int64? {
    guard head < ordered.count else { return late.first?.time }
    return min(ordered[head].time, late.first?.time ?? .max)
  }

  func visit(_ body: (Element) -> Void) {
    for item in ordered[head...] { body(item.element) }
    for item in late { body(item.element) }
  }

  mutating func insert(_ time: Int64, _ element: Element) {
    let item = Item(time: time, sequence: sequence, element: element)
    sequence += 1
    guard head < ordered.count, time < ordered[ordered.count - 1].time else {
      ordered.append(item)
      return
    }
    late.append(item)
    var index = late.count - 1
    while index > 0, late[index].precedes(late[(index - 1) / 2]) {
      late.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func popFirst(upTo time: Int64) -> (Int64, Element)? {
    if head < ordered.count, late.isEmpty || ordered[head].precedes(late[0]) {
      let first = ordered[head]
      guard first.time <= time else { return nil }
      head += 1
      // Each element is moved at most once on average.
      if head == ordered.count || head > 1024 && head * 2 > ordered.count {
        ordered.removeFirst(head)
        head = 0
      }
      return (first.time, first.element)
    }
    return popLate(upTo: time)
  }

  private mutating func popLate(upTo time: Int64) -> (Int64, Element)? {
    guard let first = late.first, first.time <= time else { return nil }
    let last = late.removeLast()
    guard !late.isEmpty else { return (first.time, first.element) }
    late[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < late.count && late[child].precedes(late[least]) {
        least = child
      }
      guard least != index else { break }
      late.swapAt(index, least)
      index = least
    }
    return (first.time, first.element)
  }
}
