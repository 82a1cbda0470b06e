import OSStrings

/// The call frame information of mapped images, read when first needed.
///
/// Bounded: up to `countLimit` images, and up to `byteLimit` of tables; the least recently used
/// tables are dropped. Used on one thread.
public final class UnwindImages {
  /// The number of an image in this object.
  public struct ID: Hashable, Sendable {
    var index: UInt32
  }

  /// The identity of an image.
  public struct Identity: Hashable, Sendable {
    /// The path as the process sees it; "[vdso]" is the kernel's image.
    public var path: String
    /// Empty if not known.
    public var buildID: [UInt8]
    /// Device and inode from the kernel's record of the mapping; 0 if not known.
    public var device: UInt64
    public var inode: UInt64

    public init(path: String, buildID: [UInt8] = [], device: UInt64 = 0, inode: UInt64 = 0) {
      self.path = path
      self.buildID = buildID
      self.device = device
      self.inode = inode
    }
  }

  private enum State {
    case unread
    case failed(FrameTableError)
    case read(FrameTable)
  }

  private struct Image {
    var identity: Identity
    /// The process that has it mapped.
    var processID: UInt32
    /// The paths through which the file can be opened, best first.
    var paths: [String]
    var state = State.unread
    /// Nil before the first request; `.some(nil)` if there are none.
    var entries: EntryFunctions??
    /// The time of the last request, to select the table to drop.
    var lastUse: UInt64 = 0
  }

  private let countLimit: Int
  private let byteLimit: Int
  private var images: [Image] = []
  private var ids: [Identity: ID] = [:]
  private var uses: UInt64 = 0
  /// The memory that tables take.
  public private(set) var byteCount = 0
  /// The memory that ``entryFunctions(of:)`` take, and the number of images that have them.
  private var entryBytes = 0
  private var entryCount = 0
  /// Each one holds a descriptor.
  private static let entryCountMax = 64
  /// Number of tables dropped to keep to the limit.
  public private(set) var evictions = 0

  public init(countLimit: Int = 65_536, byteLimit: Int = 256 << 20) {
    self.countLimit = countLimit
    self.byteLimit = byteLimit
  }

  /// The number of an image; nil if the limit is reached. An image that was not available through
  /// one process gets a new number for another process, which may still run.
  ///
  /// - Parameters:
  ///   - processID: a process that has it mapped: in its container the path may name another file
  ///     than here.
  ///   - range: where it is mapped, if that is known: a deleted file can be had by that alone, by
  ///     those who may (CAP_CHECKPOINT_RESTORE).
  public func id(
    of identity: Identity, in processID: UInt32, mappedAt range: Range<UInt64>? = nil
  ) -> ID? {
    if let known = ids[identity] {
      guard case .failed = images[Int(known.index)].state,
        images[Int(known.index)].processID != processID
      else { return known }
    }
    guard images.count < countLimit else { return ids[identity] }
    let id = ID(index: UInt32(images.count))
    var paths = ["/proc/\(processID)/root\(identity.path)", identity.path]
    if let range {
      let (start, end) = (String(range.lowerBound, radix: 16), String(range.upperBound, radix: 16))
      paths.append("/proc/\(processID)/map_files/\(start)-\(end)")
    }
    // A program in memory has no path, but is accessible through its process.
    if MappedName(shown: identity.path).kind == .memoryFile {
      paths.append("/proc/\(processID)/exe")
    }
    images.append(Image(identity: identity, processID: processID, paths: paths))
    ids[identity] = id
    return id
  }

  /// The reason why an image has no table; nil if it has one, or was not requested yet.
  public func problem(of id: ID) -> FrameTableError? {
    guard Int(id.index) < images.count, case .failed(let error) = images[Int(id.index)].state
    else { return nil }
    return error
  }

  /// The images that samples needed but that could not be used, with the reason.
  public var problems: [(identity: Identity, error: FrameTableError)] {
    ids.values.sorted { $0.index < $1.index }.compactMap { id in
      guard case .failed(let error) = images[Int(id.index)].state else { return nil }
      return (images[Int(id.index)].identity, error)
    }
  }

  /// The table of an image, read if necessary.
  func table(of id: ID) -> FrameTable? {
    let index = Int(id.index)
    guard index < images.count else { return nil }
    uses += 1
    images[index].lastUse = uses
    switch images[index].state {
    case .failed: return nil
    case .read(let table): return table
    case .unread: break
    }
    do throws(FrameTableError) {
      let table = try read(images[index])
      images[index].state = .read(table)
      byteCount += table.byteCount
      makeRoom(keeping: index)
      return table
    } catch {
      images[index].state = .failed(error)
      return nil
    }
  }

  /// The entry functions of an image; nil if it cannot be read.
  func entryFunctions(of id: ID) -> EntryFunctions? {
    let index = Int(id.index)
    guard index < images.count else { return nil }
    if let known = images[index].entries { return known }
    let image = images[index]
    let access = FileAccess.of(processID: image.processID)
    // Each path is tried once: a lazy collection would open a found path again, and by then the
    // process may have ended.
    var found: EntryFunctions?
    for path in image.paths where found == nil {
      found = EntryFunctions(image.identity, at: path, access: access)
    }
    if let found {
      if entryCount >= Self.entryCountMax || entryBytes + found.byteCount > byteLimit {
        for other in images.indices { images[other].entries = nil }
        (entryCount, entryBytes) = (0, 0)
      }
      entryCount += 1
      entryBytes += found.byteCount
    }
    images[index].entries = .some(found)
    return found
  }

  private func read(_ image: Image) throws(FrameTableError) -> FrameTable {
    if image.identity.path == VirtualSharedObject.path { return try FrameTable.vdso() }
    var reason = FrameTableError.unreadable
    // The path outside is also untrusted, because the process has chosen it.
    let access = FileAccess.of(processID: image.processID)
    for path in image.paths {
      do throws(FrameTableError) {
        return try FrameTable(image.identity, at: path, access: access)
      } catch {
        if reason == .unreadable { reason = error }
      }
    }
    throw reason
  }

  private func makeRoom(keeping kept: Int) {
    while byteCount > byteLimit {
      var oldest: Int?
      for index in images.indices where index != kept {
        guard case .read = images[index].state else { continue }
        if oldest.map({ images[index].lastUse < images[$0].lastUse }) ?? true { oldest = index }
      }
      guard let oldest, case .read(let table) = images[oldest].state else { return }
      images[oldest].state = .unread
      byteCount -= table.byteCount
      evictions += 1
    }
  }
}
