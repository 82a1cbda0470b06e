/// The executable mappings of a process at one moment.
///
/// A value type: a copy shares its memory until either changes, so a fork has no cost. At most
/// `mappingLimit` mappings; later ones are ignored.
public struct AddressSpace: Sendable {
  /// A mapping and its image.
  struct Mapping: Sendable {
    var start: UInt64
    var end: UInt64
    /// The offset of the mapping in the image.
    var offset: UInt64
    /// Nil for memory without a file: code generated at run time.
    var image: UnwindImages.ID?
  }

  static let mappingLimit = 65_536

  /// Sorted, without overlaps.
  private(set) var mappings: [Mapping] = []

  public init() {}

  /// Adds a mapping, which replaces the covered parts of older ones.
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

  /// Removes a range; mappings that extend beyond it keep the rest.
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

  /// Removes everything, because the process runs another program.
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

  /// The number of mappings.
  public var mappingCount: Int { mappings.count }

  /// Whether a call may precede this address, so that it can be a return address.
  public func hasCode(before address: UInt64) -> Bool { mapping(at: address &- 1) != nil }

  /// The mapping that contains an address.
  func mapping(at address: UInt64) -> Mapping? {
    let index = firstIndex(endingAfter: address)
    guard index < mappings.count, mappings[index].start <= address else { return nil }
    return mappings[index]
  }
}
