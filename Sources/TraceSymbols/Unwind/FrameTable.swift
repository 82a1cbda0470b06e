/// Why an image's call frame information cannot be had.
public enum FrameTableError: Error, Hashable, Sendable, CustomStringConvertible {
  /// There is no such file, or it may not be read.
  case unreadable
  /// Not an ELF file, or one whose headers lead nowhere.
  case notAnImage
  /// An ELF file of another machine, or of 32 bits.
  case otherMachine
  /// The file at the path is another one than was mapped: its build ID or inode differs.
  case replaced
  /// It has no `.eh_frame`.
  case noFrameInformation

  /// A few words for a person.
  public var description: String {
    switch self {
    case .unreadable: "it cannot be read"
    case .notAnImage: "it is not an ELF file"
    case .otherMachine: "it is for another machine"
    case .replaced: "the file was replaced"
    case .noFrameInformation: "it has no .eh_frame"
    }
  }
}

/// The call frame information of one image, held in memory.
///
/// Memory: the image's `.eh_frame` and 8 bytes a function; never above 64 MB and 64 MB. Finding a
/// row takes a binary search and running the function's instructions: callers keep rows.
public final class FrameTable {
  private let sections: FrameSections
  private let index: FrameIndex

  /// Reads a file's.
  public convenience init(path: String) throws(FrameTableError) {
    try self.init(UnwindImages.Identity(path: path), at: path)
  }

  /// The table of an image that is open already.
  convenience init(_ file: ELFFile) throws(FrameTableError) {
    guard let bytes = ImageBytes(file.source) else { throw .unreadable }
    try self.init(bytes)
  }

  /// Reads it from a file that must be the image: by build id, where both have one, else by device
  /// and inode, where they are known.
  ///
  /// - Parameter access: as for ``ByteSource/init(path:access:)``.
  convenience init(
    _ image: UnwindImages.Identity, at path: String, access: FileAccess = .own
  ) throws(FrameTableError) {
    guard let bytes = ImageBytes(path: path, access: access) else { throw .unreadable }
    try self.init(bytes)
    if let wanted = BuildID(image.buildID), wanted.isContent {
      let source = try? ByteSource(path: path, access: access)
      guard let source, BuildID.content(of: source) == wanted else { throw .replaced }
    } else if !image.buildID.isEmpty, !sections.buildID.isEmpty {
      // The kernel keeps 20 bytes of it.
      guard
        sections.buildID.starts(with: image.buildID) || image.buildID.starts(with: sections.buildID)
      else { throw .replaced }
    } else if image.inode != 0 {
      guard MappedFile.is(bytes.status, at: path, device: image.device, inode: image.inode)
      else { throw .replaced }
    }
  }

  init(_ image: borrowing ImageBytes) throws(FrameTableError) {
    sections = try FrameSections(image)
    index = FrameIndex(sections)
  }

  /// The table of the image that the kernel maps into every process.
  public static func vdso() throws(FrameTableError) -> FrameTable {
    guard let image = ImageBytes.vdso() else { throw .unreadable }
    return try FrameTable(image)
  }

  /// How many functions it describes.
  public var functionCount: Int { index.places.count }

  /// The memory it takes.
  public var byteCount: Int { sections.frames.count + sections.index.count + functionCount * 8 }

  /// The rules at a byte of the file; nil where no function is described.
  package func row(atOffset offset: UInt64) throws(FrameError) -> UnwindRow? {
    guard let address = sections.address(ofOffset: offset) else { return nil }
    return try row(at: address)
  }

  /// The rules at an address as linked.
  package func row(at address: UInt64) throws(FrameError) -> UnwindRow? {
    guard let place = index.entry(before: address) else { return nil }
    return try withFrames { cursor throws(FrameError) -> UnwindRow? in
      guard let entry = try cursor.functionEntry(at: place),
        address &- entry.start < entry.length
      else { return nil }
      return try FrameProgram(entry, at: address).row
    }
  }

  /// The addresses, as linked, of the described function that holds one of them.
  func function(at address: UInt64) -> Range<UInt64>? {
    guard let place = index.entry(before: address),
      let entry = try? withFrames({ cursor throws(FrameError) in try cursor.functionEntry(at: place)
      }), address &- entry.start < entry.length
    else { return nil }
    let (end, overflow) = entry.start.addingReportingOverflow(entry.length)
    return overflow ? nil : entry.start..<end
  }

  /// The first address after this one at which a described function begins.
  func functionStart(after address: UInt64) -> UInt64? { index.start(after: address) }

  /// Lends a cursor over `.eh_frame`, where the expressions of rows stand.
  package func withFrames<Result>(
    _ body: (FrameCursor) throws(FrameError) -> Result
  ) throws(FrameError) -> Result {
    try sections.frames.withUnsafeBufferPointer { bytes throws(FrameError) -> Result in
      try body(FrameCursor(UnsafeRawBufferPointer(bytes), address: sections.framesAddress))
    }
  }
}
