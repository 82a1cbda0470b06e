/// A priority queue of elements by time; elements with the same time are in order of insertion.
struct TimeHeap<Element> {
  private struct Item {
    var time: Int64
    var sequence: UInt64
    var element: Element

    func precedes(_ other: Item) -> Bool {
      (time, sequence) < (other.time, other.sequence)
    }
  }

  private var items: [Item] = []
  private var sequence: UInt64 = 0

  var count: Int { items.count }
  var firstTime: Int64? { items.first?.time }

  func visit(_ body: (Element) -> Void) {
    for item in items { body(item.element) }
  }

  mutating func insert(_ time: Int64, _ element: Element) {
    items.append(Item(time: time, sequence: sequence, element: element))
    sequence += 1
    var index = items.count - 1
    while index > 0, items[index].precedes(items[(index - 1) / 2]) {
      items.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func popFirst(upTo time: Int64) -> (Int64, Element)? {
    guard let first = items.first, first.time <= time else { return nil }
    let last = items.removeLast()
    guard !items.isEmpty else { return (first.time, first.element) }
    items[0] = last
    var index = 0
    while true {
      var least = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < items.count && items[child].precedes(items[least]) {
        least = child
      }
      guard least != index else { break }
      items.swapAt(index, least)
      index = least
    }
    return (first.time, first.element)
  }
}
