/// A list of values without references, which are read for each event: reading it counts no
/// references.
///
/// - Trap: whoever makes it must deallocate it, and copies share its memory. The elements must have
///   no references.
struct FixedList<Element> {
  private let base: UnsafeMutablePointer<Element>
  let count: Int

  init(_ elements: [Element]) {
    count = elements.count
    base = .allocate(capacity: max(1, count))
    for (index, element) in elements.enumerated() { (base + index).initialize(to: element) }
  }

  func deallocate() { base.deallocate() }

  @inline(__always)
  subscript(_ index: Int) -> Element {
    precondition(index >= 0 && index < count)
    return base[index]
  }
}
