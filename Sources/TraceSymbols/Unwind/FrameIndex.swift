/// The functions of an image in the order of their addresses, each with the position of its entry
/// in `.eh_frame`.
///
/// Read from `.eh_frame_hdr` or, if there is no table, built by reading the whole `.eh_frame`. 8
/// bytes for each function.
struct FrameIndex {
  /// A function's start and its entry, both relative to a common base.
  struct Place {
    var start: UInt32
    var entry: UInt32
  }

  /// The maximum number of functions, more than any image has.
  static let countLimit = 8 << 20

  private(set) var base: UInt64 = 0
  private(set) var places: [Place] = []
  /// Whether the table was built here because the image has no usable one.
  private(set) var isScanned = false

  init(_ sections: FrameSections) {
    base = sections.segments.map(\.address).min() ?? 0
    sections.index.withUnsafeBytes { readTable($0, sections) }
    guard places.isEmpty else { return }
    isScanned = true
    sections.frames.withUnsafeBytes { scan($0, at: sections.framesAddress) }
    places.sort { $0.start < $1.start }
  }

  /// The start of the section that `.eh_frame_hdr` indexes.
  static func sectionAddress(
    _ index: UnsafeRawBufferPointer, at address: UInt64
  ) -> UInt64? {
    guard index.count >= 8, index[0] == 1 else { return nil }
    var cursor = FrameCursor(index, address: address, at: 4)
    return try? cursor.pointer(PointerEncoding(rawValue: index[1]), base: address)
  }

  private mutating func readTable(_ index: UnsafeRawBufferPointer, _ sections: FrameSections) {
    guard index.count >= 12, index[0] == 1, index[3] == PointerEncoding.tableEntry.rawValue
    else { return }
    let address = sections.indexAddress
    var cursor = FrameCursor(index, address: address, at: 4)
    guard (try? cursor.pointer(PointerEncoding(rawValue: index[1]), base: address)) != nil,
      let count = try? cursor.pointer(PointerEncoding(rawValue: index[2]), base: address),
      count <= min(UInt64(cursor.remaining) / 8, UInt64(Self.countLimit))
    else { return }
    places.reserveCapacity(Int(count))
    var isSorted = true
    for _ in 0..<Int(count) {
      guard let start = try? cursor.pointer(.tableEntry, base: address),
        let entry = try? cursor.pointer(.tableEntry, base: address)
      else { return }
      append(start, entry &- sections.framesAddress, sections.frames.count, &isSorted)
    }
    // The table is out of order, but its entries are still valid.
    if !isSorted { places.sort { $0.start < $1.start } }
  }

  private mutating func append(
    _ start: UInt64, _ entry: UInt64, _ limit: Int, _ isSorted: inout Bool
  ) {
    guard let start = UInt32(exactly: start &- base), entry < UInt64(limit),
      let entry = UInt32(exactly: entry)
    else { return }
    if let last = places.last, last.start > start { isSorted = false }
    places.append(Place(start: start, entry: entry))
  }

  private mutating func scan(_ frames: UnsafeRawBufferPointer, at address: UInt64) {
    var cursor = FrameCursor(frames, address: address)
    var isSorted = true
    // Adjacent entries share their common entry, which is read once.
    var common: (place: Int, entry: CommonEntry)?
    while places.count < Self.countLimit, !cursor.isAtEnd {
      let place = cursor.offset
      do throws(FrameError) {
        // A zero length ends a section; if several sections were joined, others follow.
        guard let head = try cursor.entryHead() else { continue }
        guard head.distance != 0, head.distance <= UInt64(head.place) else { continue }
        let commonPlace = head.place - Int(head.distance)
        if common?.place != commonPlace {
          common = (try? cursor.commonEntry(at: commonPlace)).map { (commonPlace, $0) }
        }
        guard let common, let entry = try? cursor.functionEntry(head, common: common.entry)
        else { continue }
        append(entry.start, UInt64(place), frames.count, &isSorted)
      } catch {
        // A length extends beyond the section, so later entries cannot be found.
        return
      }
    }
  }

  /// The position of the entry of the last function that begins at or before an address.
  func entry(before address: UInt64) -> Int? {
    let count = count(upTo: address)
    return count == 0 ? nil : Int(places[count - 1].entry)
  }

  /// The start of the first function after an address.
  func start(after address: UInt64) -> UInt64? {
    let count = count(upTo: address)
    return count < places.count ? base &+ UInt64(places[count].start) : nil
  }

  /// The number of functions that begin at or before an address.
  private func count(upTo address: UInt64) -> Int {
    guard address >= base else { return 0 }
    let wanted = address - base
    var low = 0
    var high = places.count
    while low < high {
      let middle = (low + high) / 2
      if UInt64(places[middle].start) <= wanted { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
