import Glibc

/// The parts of an ELF image needed for unwinding: its segments and its call frame information.
struct FrameSections {
  /// A loadable segment: its bytes in the file and its link-time address.
  struct Segment {
    var offset: UInt64
    var address: UInt64
    var size: UInt64

    /// Whether a position is in the segment that begins at `start`. The end of a damaged one may
    /// exceed the highest number; it does not wrap around to 0.
    func holds(_ place: UInt64, from start: UInt64) -> Bool {
      place >= start && place - start < size
    }
  }

  /// Limits on the values in a file, far beyond those that linkers write.
  static let headerLimit = 4096
  static let sectionByteLimit = 64 << 20

  private(set) var segments: [Segment] = []
  private(set) var buildID: [UInt8] = []
  /// `.eh_frame` and its link-time address.
  private(set) var frames: [UInt8] = []
  private(set) var framesAddress: UInt64 = 0
  /// `.eh_frame_hdr`; empty if there is none.
  private(set) var index: [UInt8] = []
  private(set) var indexAddress: UInt64 = 0

  /// Reads the parts of an image; throws the reason if it cannot be used.
  init(_ image: borrowing ImageBytes) throws(FrameTableError) {
    guard let header = image.read(at: 0, count: 64, limit: 64), header.starts(with: Self.magic)
    else { throw .notAnImage }
    guard header[4] == 2, header[5] == 1, Self.number(header, 18, 2) == Self.machine else {
      throw .otherMachine
    }
    let count = Self.number(header, 56, 2)
    let headers = image.read(
      at: Self.number(header, 32, 8), count: count &* 56, limit: Self.headerLimit * 56)
    guard Self.number(header, 54, 2) == 56, let headers else { throw .notAnImage }
    var indexHeader: Segment?
    for start in stride(from: 0, to: headers.count, by: 56) {
      let segment = Segment(
        offset: Self.number(headers, start + 8, 8), address: Self.number(headers, start + 16, 8),
        size: Self.number(headers, start + 32, 8))
      switch Int32(truncatingIfNeeded: Self.number(headers, start, 4)) {
      case PT_LOAD: segments.append(segment)
      case PT_NOTE where buildID.isEmpty: readBuildID(image, segment)
      case PT_GNU_EH_FRAME: indexHeader = segment
      default: break
      }
    }
    let section = Self.frameSection(image, header)
    if let indexHeader { readIndex(image, indexHeader, section) }
    if frames.isEmpty, let section {
      index = []
      frames =
        image.read(
          at: section.offset, count: section.size, limit: Self.sectionByteLimit) ?? []
      framesAddress = section.address
    }
    if frames.isEmpty { throw .noFrameInformation }
  }

  private static let magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]

  /// `e_machine` of the processor that this process runs on.
  private static var machine: UInt64 {
    #if arch(x86_64)
      62
    #else
      183
    #endif
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    guard offset >= 0, offset + count <= bytes.count else { return 0 }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
  }

  private mutating func readBuildID(_ image: borrowing ImageBytes, _ segment: Segment) {
    guard let notes = image.read(at: segment.offset, count: segment.size, limit: 1 << 16)
    else { return }
    var place = 0
    while place + 12 <= notes.count {
      let nameSize = Int(Self.number(notes, place, 4))
      let size = Int(Self.number(notes, place + 4, 4))
      let start = place + 12 + (nameSize + 3) & ~3
      guard start <= notes.count, size <= notes.count - start else { return }
      if Self.number(notes, place + 8, 4) == 3, nameSize == 4,
        notes[(place + 12)..<(place + 16)].elementsEqual([0x47, 0x4e, 0x55, 0])
      {
        buildID = Array(notes[start..<start + min(size, 64)])
        return
      }
      place = start + (size + 3) & ~3
    }
  }

  /// Finds `.eh_frame` by name, for images linked without an index, and for its exact size.
  private static func frameSection(
    _ image: borrowing ImageBytes, _ header: [UInt8]
  ) -> Segment? {
    let count = number(header, 60, 2)
    guard number(header, 58, 2) == 64,
      let headers = image.read(
        at: number(header, 40, 8), count: count &* 64, limit: 65_536 * 64)
    else { return nil }
    let names = Int(number(header, 62, 2)) * 64
    guard
      let text = image.read(
        at: number(headers, names + 24, 8), count: number(headers, names + 32, 8),
        limit: 1 << 20)
    else { return nil }
    let wanted = Array(".eh_frame\0".utf8)
    for start in stride(from: 0, to: headers.count, by: 64) {
      let name = Int(number(headers, start, 4))
      guard name <= text.count, text[name...].starts(with: wanted),
        // SHT_NOBITS: no bytes, as in files with only debug information.
        number(headers, start + 4, 4) != 8
      else { continue }
      return Segment(
        offset: number(headers, start + 24, 8), address: number(headers, start + 16, 8),
        size: number(headers, start + 32, 8))
    }
    return nil
  }

  /// The index and the section it refers to. The section's size comes from the section header, or
  /// is the rest of the segment.
  private mutating func readIndex(
    _ image: borrowing ImageBytes, _ segment: Segment, _ section: Segment?
  ) {
    guard
      let bytes = image.read(
        at: segment.offset, count: segment.size, limit: Self.sectionByteLimit),
      let address = bytes.withUnsafeBytes({ FrameIndex.sectionAddress($0, at: segment.address) })
    else { return }
    var source = section.flatMap { $0.address == address ? $0 : nil }
    if source == nil, let home = segments.first(where: { $0.holds(address, from: $0.address) }) {
      let skipped = address - home.address
      source = Segment(
        offset: home.offset &+ skipped, address: address, size: home.size - skipped)
    }
    guard let source,
      let read = image.read(
        at: source.offset, count: source.size, limit: Self.sectionByteLimit)
    else { return }
    index = bytes
    indexAddress = segment.address
    frames = read
    framesAddress = address
  }

  /// The link-time address of a byte of the file; nil if the byte is not loaded.
  func address(ofOffset offset: UInt64) -> UInt64? {
    guard let segment = segments.first(where: { $0.holds(offset, from: $0.offset) }) else {
      return nil
    }
    return segment.address &+ (offset - segment.offset)
  }
}
