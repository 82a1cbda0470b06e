internal import Glibc
internal import OSStrings
public import TraceFormat
public import TraceSymbols

/// Function names from the files of this machine: executables and libraries, their debug files, the
/// vDSO, and the running kernel's symbol list.
///
/// - Guarantee: no name is taken from a file of another build. If the trace has no build id, no
///   name is taken from a file that was replaced, nor for a trace of another machine.
/// - Cost: an image is read when its first address is looked up. Each build is read once, no matter
///   how many containers contain it.
public final class MachineImages: ImageSymbolProvider {
  private enum Kernel {
    case unread
    case hidden
    case read(KernelSymbols)
  }

  private let searchRoots: [String]
  private let servers: Debuginfod?
  /// Latest time of change of a file that can have been mapped. A file changed later is a different
  /// one.
  private let changedMax_ns: Int64
  /// Whether the trace was recorded on this machine since its last boot.
  private let isThisBoot: Bool
  private let source = ImageSymbolSource()
  /// Images found, independent of the process that maps them.
  private var loaded: [ImageIdentity: Loaded] = [:]
  private var builds: [BuildID: Loaded] = [:]
  /// Problems by image and process: a file that one process can no longer show may be reachable
  /// through another.
  private var problems: [ImageIdentity: ImageProblem] = [:]
  /// Limit of images found, and of images not found. Each table is emptied when it reaches the
  /// limit.
  private static let imagesMax = 1024
  private var kernel = Kernel.unread
  private let opensForProcesses: Bool
  private let lineSource = ImageLineSource()

  /// An image, and the places where it and its lines were found.
  private struct Loaded {
    var image: LoadedImage
    var path: String
    var files: DebugFiles
  }

  /// - Parameter searchRoots: directories that hold the machine's files under their original paths,
  ///   searched before "/".
  /// - Parameter end: end of the trace in nanoseconds since 1970; nil while it is being recorded.
  /// - Parameter opensForProcesses: whether files are opened with the rights of the processes that
  ///   mapped them, for a session whose trace others may read.
  /// - Parameter servers: servers for images missing from this machine; nil fetches nothing.
  public init(
    session: SessionDescription, searchRoots: [String] = [], end unixNanoseconds: Int64? = nil,
    opensForProcesses: Bool = false, servers: Debuginfod? = nil
  ) {
    self.servers = servers
    self.opensForProcesses = opensForProcesses
    self.searchRoots = searchRoots
    changedMax_ns = unixNanoseconds ?? .max
    isThisBoot = Self.isThisBoot(session)
  }

  /// Returns the function at an offset of an image, if this machine has that exact image.
  public func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    switch self.image(image) {
    case .success(let loaded):
      guard let function = loaded.image.symbols.lookup(offset) else { return .noSymbol }
      return .function(function)
    case .failure(.buildIDDiffers), .failure(.replaced): return .buildIDDiffers
    case .failure(.noSymbols): return .noSymbol
    case .failure: return .imageNotFound
    }
  }

  /// Returns the running kernel's function, if the trace was recorded on this machine in this boot.
  public func kernelFunction(at address: UInt64) -> ImageAnswer {
    if case .unread = kernel {
      kernel = .hidden
      if isThisBoot, let symbols = try? KernelSymbols.read() { kernel = .read(symbols) }
    }
    guard case .read(let symbols) = kernel else { return .hidden }
    return symbols.lookup(address).map { .function($0) } ?? .noSymbol
  }

  /// Returns the files from which an image's names were read: the image, and its debug file if
  /// there is one. Nil before the first lookup in the image, and if no file was found.
  public func files(of image: ImageIdentity) -> (image: String, debug: String?)? {
    loaded[Self.key(image)].map { ($0.image.path, $0.image.debugPath) }
  }

  /// Returns source lines from the image or from a debug file with its build id. Nil if the image's
  /// functions are not available either.
  public func sourceFrames(
    atFileOffset offset: UInt64, in image: ImageIdentity
  ) -> SourceFrames? {
    guard case .success(let loaded) = self.image(image) else { return nil }
    // The exact file that provided the names, if it can be identified.
    return lineSource.lines(
      path: loaded.path, buildID: loaded.image.buildID ?? BuildID(image.buildID),
      files: loaded.files
    )?.frames(atFileOffset: offset)
  }

  // MARK: Searching for images

  private static func key(_ image: ImageIdentity) -> ImageIdentity {
    var key = image
    key.pid = 0
    return key
  }

  private func image(_ image: ImageIdentity) -> Result<Loaded, ImageProblem> {
    let key = Self.key(image)
    if let known = loaded[key] { return .success(known) }
    if let known = problems[image] { return .failure(known) }
    // A process that follows a machine for weeks keeps meeting new images; the source keeps those
    // used recently.
    if loaded.count >= Self.imagesMax { (loaded, builds) = ([:], [:]) }
    if problems.count >= Self.imagesMax { problems = [:] }
    let buildID = BuildID(image.buildID)
    let found = buildID.flatMap { builds[$0] }.map { .success($0) } ?? find(image, buildID)
    switch found {
    case .success(let image):
      loaded[key] = image
      if let buildID { builds[buildID] = image }
    case .failure(let problem): problems[image] = problem
    }
    return found
  }

  private func find(
    _ image: ImageIdentity, _ buildID: BuildID?
  ) -> Result<Loaded, ImageProblem> {
    var own = [""]
    if isThisBoot, image.pid != 0 { own.insert("/proc/\(image.pid)/root", at: 0) }
    let mayBe = buildID != nil ? own : own.filter { isMapped(image, below: $0) }
    // Without a build id, a file of that name in one of the caller's directories is accepted.
    let roots = searchRoots + mayBe
    guard !roots.isEmpty else {
      var status = stat()
      let isReplaced = isThisBoot && own.contains { OSPath.stat($0 + image.path, &status) == 0 }
      return .failure(isReplaced ? .replaced(path: image.path) : .notFound(path: image.path))
    }
    let access = opensForProcesses ? FileAccess.of(processID: image.pid) : .own
    var files = DebugFiles(roots: roots, symbolDirectories: searchRoots, access: access)
    files.servers = servers
    return source.image(path: image.path, buildID: buildID, files: files)
      .map { Loaded(image: $0, path: image.path, files: files) }
  }

  /// Whether the file at an image's path is the mapped one, as far as the inode tells.
  private func isMapped(_ image: ImageIdentity, below root: String) -> Bool {
    guard isThisBoot, !image.isDeleted else { return false }
    if image.path == VirtualSharedObject.path { return true }
    let path = root + image.path
    var status = stat()
    guard OSPath.stat(path, &status) == 0,
      image.inode == 0
        || MappedFile.is(status, at: path, device: image.device, inode: image.inode)
    else { return false }
    // A new file may reuse the inode of the file that it replaced.
    let (changed, rest) = (Int64(status.st_ctim.tv_sec), Int64(status.st_ctim.tv_nsec))
    let (changed_ns, overflow) = changed.multipliedReportingOverflow(by: 1_000_000_000)
    return !overflow && changed_ns &+ rest <= changedMax_ns
  }

  private static func isThisBoot(_ session: SessionDescription) -> Bool {
    var name = utsname()
    guard uname(&name) == 0 else { return false }
    let host = withUnsafeBytes(of: &name.nodename) { bytes in
      String(osBytes: bytes.prefix { $0 != 0 })
    }
    guard host == session.machine.hostName else { return false }
    var (wall, monotonic) = (timespec(), timespec())
    clock_gettime(CLOCK_REALTIME, &wall)
    clock_gettime(CLOCK_MONOTONIC, &monotonic)
    let start = session.start
    let then = start.realtimeNanoseconds / 1_000_000_000
    let uptime = start.monotonicNanoseconds / 1_000_000_000
    guard then <= UInt64(Int64.max), uptime <= then else { return false }
    // Setting the clock changes this slightly, so there is some slack; a restart changes it by
    // more.
    let moved = (wall.tv_sec - monotonic.tv_sec) - (Int(then) - Int(uptime))
    return abs(moved) <= 10
  }
}

extension MachineImages {
  /// Creates a source for the trace in `file`, whether it has ended or is still being recorded.
  public convenience init(
    _ file: TraceFile, searchRoots: [String] = [], servers: Debuginfod? = nil
  ) {
    let last =
      file.isComplete ? file.ticksRange.map { file.timestamp(ofTicks: $0.upperBound) } : nil
    self.init(
      session: file.session, searchRoots: searchRoots,
      end: last.map { file.startUnixNanoseconds &+ $0 }, servers: servers)
  }
}
