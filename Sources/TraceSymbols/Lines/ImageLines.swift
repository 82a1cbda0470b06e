internal import CDW

/// The source lines of an image, and the calls inlined in its functions.
///
/// - Guarantee: uses only the image itself or a debug file with its build id.
/// - Cost: opening reads the debug information's bytes and each unit's ranges. A unit is decoded
///   when one of its addresses is first looked up; answers are cached. Memory: the debug sections,
///   and up to 256 MB of decoded data.
/// - Trap: not thread-safe.
public final class ImageLines {
  /// The file that has the debug information.
  public let path: String
  private let addressing: FileAddressing
  /// The difference between the image's addresses and the file's, because prelinking moves only one
  /// of them.
  private let bias: UInt64
  private let codeStart: UInt64
  private let open: () -> DwarfFile?
  private var file: DwarfFile
  private let unitRanges: AddressRanges
  private var units: [UInt64: LineUnit] = [:]
  private var keptBytes = 0
  private var answers: [UInt64: SourceFrames] = [:]

  /// Nil if neither the image nor a debug file of it has lines.
  ///
  /// - Parameter expected: the build id of the image that was mapped; without it, the file at the
  ///   path is used.
  public init?(path: String, expected: BuildID?, files: DebugFiles = DebugFiles()) {
    guard let (image, found) = try? files.image(path: path, expected: expected) else { return nil }
    var (source, sourcePath) = (image, found)
    if !image.hasLines {
      guard let debug = files.debugFile(of: image, path: found), debug.file.hasLines else {
        return nil
      }
      (source, sourcePath) = debug
    }
    let opening = { DwarfFile(source, path: sourcePath, files: files) }
    guard let file = opening() else { return nil }
    self.path = sourcePath
    self.file = file
    open = opening
    addressing = FileAddressing(image)
    let base = FileAddressing(source).base ?? addressing.base
    bias = (addressing.base ?? 0) &- (base ?? 0)
    codeStart = (addressing.code.map(\.address).min() ?? 0) &- bias
    unitRanges = Self.unitRanges(of: file, addressing, bias: bias)
    guard unitRanges.count > 0 else { return nil }
  }

  /// The ranges of units that are code of the image, without ranges of code that the linker
  /// dropped.
  private static func unitRanges(
    of file: DwarfFile, _ addressing: FileAddressing, bias: UInt64
  ) -> AddressRanges {
    var ranges = AddressRanges()
    var budget = LineLimits.ranges
    var current: OpaquePointer?
    for _ in 0..<LineLimits.units {
      var next: OpaquePointer?
      var kind: UInt8 = 0
      var entry = Dwarf_Die()
      guard dwarf_get_units(file.dwarf, current, &next, nil, &kind, &entry, nil) == 0, next != nil
      else { break }
      current = next
      guard [DW_UT_compile, DW_UT_skeleton].contains(where: { kind == UInt8($0) }) else { continue }
      let offset = entry.offset
      entry.forEachRange(&budget) { start, end in
        if addressing.fileOffset(ofCode: start &+ bias) != nil { ranges.add(start, end, offset) }
      }
    }
    ranges.seal()
    return ranges
  }

  /// The memory that the debug sections take.
  var byteCount: Int { file.sectionBytes }

  /// The source of the instruction at an offset in the image's file; nil if it is not known.
  public func frames(atFileOffset offset: UInt64) -> SourceFrames? {
    if let known = answers[offset] { return known.isEmpty ? nil : known }
    let frames = find(offset)
    if answers.count >= LineLimits.answers { answers.removeAll(keepingCapacity: true) }
    answers[offset] = frames
    return frames.isEmpty ? nil : frames
  }

  private func find(_ offset: UInt64) -> SourceFrames {
    guard let place = addressing.address(ofFileOffset: offset) else { return SourceFrames() }
    let address = place &- bias
    guard let range = unitRanges.innermost(address), let unit = unit(range.value) else {
      return SourceFrames()
    }
    let before = unit.byteCount
    let frames = unit.frames(at: address)
    keptBytes += unit.byteCount - before
    forgetIfLarge()
    return frames
  }

  private func unit(_ offset: UInt64) -> LineUnit? {
    if let known = units[offset] { return known }
    var entry = Dwarf_Die()
    guard dwarf_offdie(file.dwarf, offset, &entry) != nil else { return nil }
    let unit = LineUnit(entry, of: file, ranges: unitRanges, codeStart: codeStart)
    units[offset] = unit
    keptBytes += unit.byteCount
    return unit
  }

  /// libdw keeps decoded data until its file is closed.
  private func forgetIfLarge() {
    guard keptBytes > LineLimits.keptBytes, let again = open() else { return }
    units = [:]
    keptBytes = 0
    file = again
  }
}
