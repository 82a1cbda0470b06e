import CTraceShims
import Glibc
import Locks
import OSStrings
import TraceAnalysis
import TraceEvents
import TraceSymbols

/// The files of the images that sampled processes map. Provides build ids that the kernel does not
/// report, and keeps some files open, so that their symbols can be read after the name or the
/// process is gone.
///
/// An image without a build id gets a digest of its content instead (``BuildID/isContent``), and
/// its functions are read immediately, because the file may be overwritten, or its inode reused,
/// before the session ends.
///
/// - Guarantee: a file is used only if it is the mapped one: by its build id, or by its inode if it
///   was not changed since. At most ``imagesMax`` images are cached, ``heldMax`` kept open, and the
///   functions of ``tablesMax`` kept.
/// - Cost: an image is opened when it first occurs; later a lookup, and a check of the file if the
///   kernel reported no build id.
final class ImageFiles: Sendable {
  static let imagesMax = 16_384
  static let heldMax = 192
  static let tablesMax = 128
  static let tableBytesMax = 48 << 20

  /// A mapping's file as reported by the kernel: by build id, or by device and inode.
  struct Mapping {
    var pid: UInt32
    var start: UInt64
    var end: UInt64
    var name: MappedName
    var buildID: [UInt8] = []
    var device: UInt64
    var inode: UInt64
    /// Time of the mapping (CLOCK_MONOTONIC); nil if it exists now.
    var mappedAt_ns: UInt64?

    var path: String { name.path }
    fileprivate var isMemory: Bool { name.kind == .memoryFile }
  }

  private enum Key: Hashable {
    case inode(device: UInt64, inode: UInt64)
    case buildID([UInt8])
  }

  private struct Known {
    var buildID: [UInt8]
    /// The open file; -1 if it is not kept open.
    var descriptor: Int32 = -1
    /// The file's stamp when it was read; nil if only the build id matters.
    var stamp: FileStamp?
    /// Its functions, if the image has no build id by which to recognize its file later.
    var table: LoadedImage?
    /// The rights with which it could not be opened; nil if it could. Other processes may have
    /// other rights.
    var refused: FileAccess?
  }

  private struct State {
    var images: [Key: Known] = [:]
    var heldCount = 0
    var tableCount = 0
    var tableBytes = 0
  }

  private let state = Lock(State())
  private let heldMax: Int

  init(heldMax: Int = ImageFiles.heldMax) { self.heldMax = heldMax }

  deinit {
    state.withLock { state in
      for image in state.images.values where image.descriptor >= 0 { close(image.descriptor) }
    }
  }

  /// The image's build id, or its content id if it has none; empty if its file may not be read or
  /// is not an image.
  ///
  /// - Parameter isRundown: whether it was mapped before the session. Such images use at most half
  ///   of the open files; the other half is for new processes, many of which end soon.
  func buildID(of mapping: Mapping, isRundown: Bool) -> [UInt8] {
    guard let key = Self.key(mapping.buildID, mapping.device, mapping.inode),
      mapping.path.first == "/"
    else { return mapping.buildID }
    return state.withLock { state in
      let known = state.images[key]
      if let known, known.refused == nil, Self.isCurrent(known, mapping) { return known.buildID }
      let access = FileAccess.of(processID: mapping.pid)
      if let known, known.refused == access { return known.buildID }
      let image = read(mapping, access, isRundown: isRundown, &state)
      if state.images.count >= Self.imagesMax {
        state.images = state.images.filter { $0.value.descriptor >= 0 || $0.value.table != nil }
      }
      if let last = state.images[key], last.descriptor >= 0 {
        close(last.descriptor)
        state.heldCount -= 1
      }
      state.images[key] = image
      // The functions of the former content are kept if the file is overwritten.
      if image.table != nil {
        var kept = image
        kept.descriptor = -1
        state.images[.buildID(image.buildID)] = kept
      }
      return image.buildID
    }
  }

  /// Whether the cached facts about an inode apply to the current mapping.
  private static func isCurrent(_ known: Known, _ mapping: Mapping) -> Bool {
    guard let stamp = known.stamp, !mapping.isMemory else { return true }
    if known.descriptor >= 0 { return FileStamp(descriptor: known.descriptor) == stamp }
    return paths(of: mapping).contains { FileStamp(path: $0) == stamp }
  }

  private func read(
    _ mapping: Mapping, _ access: FileAccess, isRundown: Bool, _ state: inout State
  ) -> Known {
    var image = Known(buildID: mapping.buildID)
    let descriptor: Int32
    switch Self.open(mapping, access) {
    case .failure(let refusal):
      image.refused = access
      if refusal == .replaced, mapping.buildID.isEmpty, mapping.name.kind == .file {
        image.buildID = BuildID.unknownContent.bytes
      }
      return image
    case .success(let found): descriptor = found
    }
    let path = Self.path(descriptor)
    let file = try? ELFFile(path: path)
    if mapping.buildID.isEmpty, let file {
      image.stamp = FileStamp(descriptor: descriptor)
      image.buildID = file.buildID?.bytes ?? BuildID.content(of: file.source).bytes
      if file.buildID == nil { image.table = table(at: path, &state) }
    }
    let isRight = BuildID(mapping.buildID).map { file?.isImage(of: $0) == true } ?? (file != nil)
    if isRight, state.heldCount < (isRundown ? heldMax / 2 : heldMax) {
      image.descriptor = descriptor
      state.heldCount += 1
    } else {
      close(descriptor)
    }
    return image
  }

  private func table(at path: String, _ state: inout State) -> LoadedImage? {
    guard heldMax > 0, state.tableCount < Self.tablesMax,
      let loaded = try? LoadedImage(path: path),
      state.tableBytes + loaded.symbols.byteCount <= Self.tableBytesMax
    else { return nil }
    state.tableCount += 1
    state.tableBytes += loaded.symbols.byteCount
    return loaded
  }

  /// The functions of an image, or a path to its file, if they are kept.
  func held(_ image: ImageIdentity) -> (table: LoadedImage?, location: String?) {
    state.withLock { state in
      for key in [
        image.buildID.isEmpty ? nil : Key.buildID(image.buildID),
        image.inode == 0 ? nil : Key.inode(device: image.device, inode: image.inode),
      ] {
        guard let key, let known = state.images[key],
          image.buildID.isEmpty || known.buildID == image.buildID
        else { continue }
        if let table = known.table { return (table, nil) }
        if known.descriptor >= 0 { return (nil, Self.path(known.descriptor)) }
      }
      return (nil, nil)
    }
  }

  /// A path to the file of an image, if it is kept open.
  func location(of image: ImageIdentity) -> String? { held(image).location }

  /// Opens the mapped file for reading, with the rights of the process; the caller must close it.
  /// Nil if it cannot be read, or was changed since.
  func open(_ mapping: Mapping) -> Int32? {
    guard mapping.path.first == "/",
      case .success(let descriptor) = Self.open(mapping, FileAccess.of(processID: mapping.pid))
    else { return nil }
    return descriptor
  }

  private static func key(_ buildID: [UInt8], _ device: UInt64, _ inode: UInt64) -> Key? {
    if inode != 0 { return .inode(device: device, inode: inode) }
    return buildID.isEmpty ? nil : .buildID(buildID)
  }

  private static func path(_ descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

  // MARK: Opening

  private enum Refusal: Error {
    /// The file may not be read, or is not a regular file.
    case unreadable
    /// The file with this name is another one, or was changed since it was mapped.
    case replaced
  }

  /// The path as the process sees it, then as this process does.
  private static func paths(of mapping: Mapping) -> [String] {
    ["/proc/\(mapping.pid)/root" + mapping.path, mapping.path]
  }

  /// Opens the file through the mapping if permitted, else by name. Files that exist only in memory
  /// are found through the process that has them.
  private static func open(
    _ mapping: Mapping, _ access: FileAccess
  ) -> Result<Int32, Refusal> {
    let range = String(mapping.start, radix: 16) + "-" + String(mapping.end, radix: 16)
    let exact = openFile("/proc/\(mapping.pid)/map_files/\(range)", access, mapping)
    if case .success = exact { return exact }
    if mapping.isMemory {
      for path in ["/proc/\(mapping.pid)/exe"] + ProcFiles.memoryFiles(of: mapping.pid) {
        let found = openFile(path, access, mapping)
        if case .success = found { return found }
      }
      return .failure(.unreadable)
    }
    guard !mapping.name.isDeleted else { return .failure(.replaced) }
    var refusal = Refusal.replaced
    for path in paths(of: mapping) {
      switch openFile(path, access, mapping) {
      case .success(let descriptor):
        if isUnchanged(descriptor, since: mapping.mappedAt_ns) { return .success(descriptor) }
        close(descriptor)
      case .failure(let reason): if reason == .unreadable { refusal = reason }
      }
    }
    return .failure(refusal)
  }

  /// Whether a file was last changed before the mapping, so that it is the mapped content.
  private static func isUnchanged(_ descriptor: Int32, since mappedAt_ns: UInt64?) -> Bool {
    guard let mappedAt_ns else { return true }
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    let age_ns = Int64(clamping: trace_monotonic_ns()) - Int64(clamping: mappedAt_ns)
    guard let stamp = FileStamp(descriptor: descriptor) else { return false }
    return stamp.changed_ns <= FileStamp.nanoseconds(wall) - age_ns
  }

  private static func openFile(
    _ path: String, _ access: FileAccess, _ mapping: Mapping
  ) -> Result<Int32, Refusal> {
    let descriptor = ForeignFile.open(path, as: access)
    guard descriptor >= 0 else {
      return .failure([ENOENT, ENOTDIR, ESRCH].contains(-descriptor) ? .replaced : .unreadable)
    }
    var status = stat()
    // If no inode is known, the build id is compared.
    guard fstat(descriptor, &status) == 0,
      mapping.inode == 0
        || MappedFile.is(
          status, at: Self.path(descriptor), device: mapping.device, inode: mapping.inode)
    else {
      close(descriptor)
      return .failure(.replaced)
    }
    return .success(descriptor)
  }
}

/// The time of a file's last change, and its size.
private struct FileStamp: Hashable {
  var changed_ns: Int64
  var size: Int64

  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  init?(path: String) {
    var status = stat()
    guard OSPath.stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    changed_ns = Self.nanoseconds(status.st_ctim)
    size = Int64(status.st_size)
  }

  /// Nanoseconds since 1970, clamped to half the range of 64 bits.
  static func nanoseconds(_ time: timespec) -> Int64 {
    let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (time.tv_sec < 0 ? .min : .max) / 2 : seconds &+ Int64(time.tv_nsec)
  }
}

extension ImageFiles.Mapping {
  /// The mapping of an image in the kernel's form.
  init(_ image: ImageMap, pid: UInt32, mappedAt_ns: UInt64?) {
    self.init(
      pid: pid, start: image.baseAddress, end: image.baseAddress &+ image.size,
      name: MappedName(shown: image.path), buildID: image.buildID, device: image.device,
      inode: image.inode, mappedAt_ns: mappedAt_ns)
  }
}

/// Provides functions of images whose files are kept open.
final class HeldImages: ImageSymbolProvider {
  private let files: ImageFiles
  private var images: [ImageIdentity: LoadedImage?] = [:]

  init(_ files: ImageFiles) { self.files = files }

  /// The function at an offset of an image, if its file is kept.
  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    guard let loaded = loaded(image) else { return .imageNotFound }
    return loaded.symbols.lookup(offset).map { .function($0) } ?? .noSymbol
  }

  private func loaded(_ image: ImageIdentity) -> LoadedImage? {
    if let known = images[image] { return known }
    let held = files.held(image)
    let loaded =
      held.table
      ?? held.location.flatMap { try? LoadedImage(path: $0, expected: BuildID(image.buildID)) }
    images[image] = .some(loaded)
    return loaded
  }
}
