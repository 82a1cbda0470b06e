/// Where the strings of a profile are, by number.
///
/// - Cost: 8 bytes for each group of 16 strings, which take at least 2 bytes each in the file. A
///   lookup is a binary search, and reads the sizes of a group.
struct PprofStrings {
  /// The number of a group's first string, and where that begins in the file.
  private struct Group {
    var first: UInt32
    var offset: UInt32
  }

  /// A group has no more strings, and no more fields from its first string to its last one.
  private static let stringsMax = 16
  private static let fieldsMax = 64

  private var groups: [Group] = []
  private(set) var count = 0
  private var stringsInGroup = stringsMax
  private var fieldsInGroup = 0

  /// Notes a field of the profile.
  @inline(__always)
  mutating func pass(isString: Bool, at start: Int) {
    fieldsInGroup += 1
    guard isString, count < Int(UInt32.max), let offset = UInt32(exactly: start) else { return }
    if stringsInGroup == Self.stringsMax || fieldsInGroup > Self.fieldsMax {
      groups.append(Group(first: UInt32(count), offset: offset))
      (stringsInGroup, fieldsInGroup) = (0, 1)
    }
    stringsInGroup += 1
    count += 1
  }

  /// Where a string is; nil if there is none with this number.
  func range(_ number: UInt64, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
    guard number < UInt64(count) else { return nil }
    var (low, high) = (0, groups.count)
    while low < high {
      let middle = (low + high) / 2
      if UInt64(groups[middle].first) <= number { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    var left = number - UInt64(groups[low - 1].first)
    var fields = ProtobufFields(bytes, Int(groups[low - 1].offset)..<bytes.count)
    while let (field, value) = fields.next() {
      guard field == 6, case .bytes(let range) = value else { continue }
      if left == 0 { return range }
      left -= 1
    }
    return nil
  }
}
