/// An entry of an event block's directory.
struct SectionEntry: Equatable {
  static let byteCount = 16
  /// Ref of the event type; 0 for the common section.
  var ref: UInt16
  var isCompressed: Bool
  var eventCount: Int
  var storedBytes: Int
  var rawBytes: Int

  func write(to target: UnsafeMutableRawPointer) {
    target.store(word16: ref, at: 0)
    target.storeBytes(of: isCompressed ? 1 : 0, toByteOffset: 2, as: UInt8.self)
    target.store(word32: UInt32(eventCount), at: 4)
    target.store(word32: UInt32(storedBytes), at: 8)
    target.store(word32: UInt32(rawBytes), at: 12)
  }
}

/// The directory of an event block: its sections and their positions in the payload.
struct SectionDirectory {
  private(set) var entries: [SectionEntry] = []
  /// Payload offset of each section's stored bytes.
  private(set) var offsets: [Int] = []

  /// Checks that the directory is consistent with itself, with the payload's size and with the
  /// header's event count.
  init(_ payload: UnsafeRawBufferPointer, eventCount: Int) throws(FormatError) {
    func refuse(_ rule: FormatRule, _ what: String, _ offset: Int) -> FormatError {
      .malformed(FormatViolation(rule, what, offset: offset))
    }
    guard payload.count >= 4 else { throw refuse(.E1, "no directory", 0) }
    let count = Int(payload.word32(0))
    guard count >= 1, count <= FileLayout.sectionsMax,
      count <= (payload.count - 4) / SectionEntry.byteCount
    else { throw refuse(.E1, "directory of \(count) sections", 0) }
    entries.reserveCapacity(count)
    offsets.reserveCapacity(count)
    var offset = 4 + count * SectionEntry.byteCount
    var events = 0
    var memory = 0
    var refs: Set<UInt16> = []
    for position in 0..<count {
      let line = 4 + position * SectionEntry.byteCount
      guard payload[line + 2] <= 1 else { throw refuse(.E2, "unknown compression", line + 2) }
      let entry = SectionEntry(
        ref: payload.word16(line), isCompressed: payload[line + 2] == 1,
        eventCount: Int(payload.word32(line + 4)), storedBytes: Int(payload.word32(line + 8)),
        rawBytes: Int(payload.word32(line + 12)))
      memory += entry.rawBytes
      guard entry.storedBytes <= payload.count - offset, memory <= FileLayout.decodedBytesMax,
        entry.isCompressed
          ? entry.rawBytes <= entry.storedBytes * 255 : entry.rawBytes == entry.storedBytes
      else { throw refuse(.E2, "section \(position) has impossible sizes", line) }
      if position == 0 {
        guard entry.ref == 0, entry.eventCount == eventCount else {
          throw refuse(.E1, "first section is not the common one", line)
        }
      } else {
        guard entry.ref != 0, entry.eventCount > 0, refs.insert(entry.ref).inserted else {
          throw refuse(.E3, "section \(position) has no event type of its own or no events", line)
        }
        events += entry.eventCount
      }
      entries.append(entry)
      offsets.append(offset)
      offset += entry.storedBytes
    }
    guard events == eventCount, offset == payload.count else {
      throw refuse(.E4, "sections do not add up to the block", 0)
    }
  }
}
