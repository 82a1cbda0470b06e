/// What a process has mapped to execute, at one moment.
///
/// A value: a copy shares its memory until one of the two changes, so a process that forks costs
/// its child nothing. At most `mappingLimit` mappings; later ones are not taken.
public struct AddressSpace: Sendable {
  /// A mapping, and the image of which it shows a piece.
  struct Mapping: Sendable {
    var start: UInt64
    var end: UInt64
    /// Where in the image the mapping begins.
    var offset: UInt64
    /// Nil for memory without a file: code made at run time.
    var image: UnwindImages.ID?
  }

  static let mappingLimit = 65_536

  /// Sorted, without overlaps.
  private(set) var mappings: [Mapping] = []

  public init() {}

  /// Takes a new mapping; what it covers of older ones is gone.
  public mutating func map(
    _ range: Range<UInt64>, offset: UInt64, image: UnwindImages.ID?
  ) {
    guard !range.isEmpty else { return }
    unmap(range)
    guard mappings.count < Self.mappingLimit else { return }
    let place = firstIndex(endingAfter: range.lowerBound)
    mappings.insert(
      Mapping(start: range.lowerBound, end: range.upperBound, offset: offset, image: image),
      at: place)
  }

  /// Forgets a range; mappings that reach beyond it keep the rest.
  public mutating func unmap(_ range: Range<UInt64>) {
    let first = firstIndex(endingAfter: range.lowerBound)
    var last = first
    while last < mappings.count, mappings[last].start < range.upperBound { last += 1 }
    guard first < last else { return }
    var rest: [Mapping] = []
    var head = mappings[first]
    if head.start < range.lowerBound {
      head.end = range.lowerBound
      rest.append(head)
    }
    var tail = mappings[last - 1]
    if tail.end > range.upperBound {
      tail.offset &+= range.upperBound - tail.start
      tail.start = range.upperBound
      rest.append(tail)
    }
    mappings.replaceSubrange(first..<last, with: rest)
  }

  /// Forgets everything: the process runs another program.
  public mutating func removeAll() { mappings.removeAll() }

  private func firstIndex(endingAfter address: UInt64) -> Int {
    var low = 0
    var high = mappings.count
    while low < high {
      let middle = (low + high) / 2
      if mappings[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// How many mappings there are.
  public var mappingCount: Int { mappings.count }

  /// Whether a call may stand right before this address: whether it is one to return to.
  public func hasCode(before address: UInt64) -> Bool { mapping(at: address &- 1) != nil }

  /// The mapping that an address lies in.
  func mapping(at address: UInt64) -> Mapping? {
    let index = firstIndex(endingAfter: address)
    guard index < mappings.count, mappings[index].start <= address else { return nil }
    return mappings[index]
  }
}
