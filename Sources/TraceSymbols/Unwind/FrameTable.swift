/// The reason why an image's call frame information is not available.
public enum FrameTableError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file does not exist or may not be read.
  case unreadable
  /// Not an ELF file, or one with invalid headers.
  case notAnImage
  /// An ELF file for another machine, or a 32-bit file.
  case otherMachine
  /// The file at the path is not the one that was mapped: its build id or inode differs.
  case replaced
  /// The file has no `.eh_frame`.
  case noFrameInformation

  /// A short description.
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
/// Memory: the image's `.eh_frame` and 8 bytes for each function, at most 64 MB each. Finding a row
/// takes a binary search and running the function's instructions; callers cache rows.
public final class FrameTable {
  private let sections: FrameSections
  private let index: FrameIndex

  /// Reads the table of a file.
  public convenience init(path: String) throws(FrameTableError) {
    try self.init(UnwindImages.Identity(path: path), at: path)
  }

  /// The table of an open image.
  convenience init(_ file: ELFFile) throws(FrameTableError) {
    guard let bytes = ImageBytes(file.source) else { throw .unreadable }
    try self.init(bytes)
  }

  /// Reads the table from a file that must be the image, compared by build id if both have one,
  /// else by device and inode if they are known.
  ///
  /// - Parameter access: as in ``ByteSource/init(path:access:)``.
  convenience init(
    _ image: UnwindImages.Identity, at path: String, access: FileAccess = .own
  ) throws(FrameTableError) {
    guard let bytes = ImageBytes(path: path, access: access) else { throw .unreadable }
    try self.init(bytes)
    if let wanted = BuildID(image.buildID), wanted.isContent {
      let source = try? ByteSource(path: path, access: access)
      guard let source, BuildID.content(of: source) == wanted else { throw .replaced }
    } else if !image.buildID.isEmpty, !sections.buildID.isEmpty {
      // The kernel records only 20 bytes of the build id.
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

  /// The number of described functions.
  public var functionCount: Int { index.places.count }

  /// The memory that the table takes.
  public var byteCount: Int { sections.frames.count + sections.index.count + functionCount * 8 }

  /// The rules at a file offset; nil if no described function contains it.
  package func row(atOffset offset: UInt64) throws(FrameError) -> UnwindRow? {
    guard let address = sections.address(ofOffset: offset) else { return nil }
    return try row(at: address)
  }

  /// The rules at a link-time address.
  package func row(at address: UInt64) throws(FrameError) -> UnwindRow? {
    guard let place = index.entry(before: address) else { return nil }
    return try withFrames { cursor throws(FrameError) -> UnwindRow? in
      guard let entry = try cursor.functionEntry(at: place),
        address &- entry.start < entry.length
      else { return nil }
      return try FrameProgram(entry, at: address).row
    }
  }

  /// The range of link-time addresses of the described function that contains an address.
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

  /// Calls a closure with a cursor over `.eh_frame`, which contains the expressions of rows.
  package func withFrames<Result>(
    _ body: (FrameCursor) throws(FrameError) -> Result
  ) throws(FrameError) -> Result {
    try sections.frames.withUnsafeBufferPointer { bytes throws(FrameError) -> Result in
      try body(FrameCursor(UnsafeRawBufferPointer(bytes), address: sections.framesAddress))
    }
  }
}
