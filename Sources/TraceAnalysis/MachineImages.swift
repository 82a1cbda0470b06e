internal import Glibc
internal import OSStrings
public import TraceFormat
public import TraceSymbols

/// Functions out of the files of this machine: executables and libraries, their debug files, the
/// vDSO, the running kernel's list.
///
/// - Guarantee: no name out of a file of another build; where the trace has no build id, none out
///   of a file that was replaced, nor for a trace of another machine.
/// - Cost: an image is read when the first of its addresses is asked for, and each build once, in
///   however many containers it lies.
public final class MachineImages: ImageSymbolProvider {
  private enum Kernel {
    case unread
    case hidden
    case read(KernelSymbols)
  }

  private let searchRoots: [String]
  private let servers: Debuginfod?
  /// What was changed later is not what was mapped.
  private let changedMax_ns: Int64
  /// Whether the trace is of this machine since it was started last.
  private let isThisBoot: Bool
  private let source = ImageSymbolSource()
  /// Whoever maps them.
  private var loaded: [ImageIdentity: Loaded] = [:]
  private var builds: [BuildID: Loaded] = [:]
  /// Of the process that is named: what it cannot show any more another may.
  private var problems: [ImageIdentity: ImageProblem] = [:]
  /// Images that are known, and such as are not to be had; all are forgotten when there are more.
  private static let imagesMax = 1024
  private var kernel = Kernel.unread
  private let opensForProcesses: Bool
  private let lineSource = ImageLineSource()

  /// An image, and where it and its lines were found.
  private struct Loaded {
    var image: LoadedImage
    var path: String
    var files: DebugFiles
  }

  /// - Parameter searchRoots: directories that have the machine's files under their paths, asked
  ///   before "/".
  /// - Parameter end: of the trace, in nanoseconds since 1970; nil while it goes on.
  /// - Parameter opensForProcesses: files are opened with the rights of the processes that mapped
  ///   them: for a session, whose trace others may read.
  /// - Parameter servers: asked for what this machine does not have; nil: nothing is fetched.
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

  /// The function at an offset of an image, if this machine has that very image.
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

  /// The function of the running kernel, if the trace is this machine's and this boot's.
  public func kernelFunction(at address: UInt64) -> ImageAnswer {
    if case .unread = kernel {
      kernel = .hidden
      if isThisBoot, let symbols = try? KernelSymbols.read() { kernel = .read(symbols) }
    }
    guard case .read(let symbols) = kernel else { return .hidden }
    return symbols.lookup(address).map { .function($0) } ?? .noSymbol
  }

  /// The files that an image's names were read from: its own, and its debug file where there is
  /// one. Nil before it was asked for, and where there are none.
  public func files(of image: ImageIdentity) -> (image: String, debug: String?)? {
    loaded[Self.key(image)].map { ($0.image.path, $0.image.debugPath) }
  }

  /// Source lines out of the image or a debug file of its build id. Nil where its functions are not
  /// to be had either.
  public func sourceFrames(
    atFileOffset offset: UInt64, in image: ImageIdentity
  ) -> SourceFrames? {
    guard case .success(let loaded) = self.image(image) else { return nil }
    // The very file that gave the names, if it can be told from another.
    return lineSource.lines(
      path: loaded.path, buildID: loaded.image.buildID ?? BuildID(image.buildID),
      files: loaded.files
    )?.frames(atFileOffset: offset)
  }

  // MARK: Finding

  private static func key(_ image: ImageIdentity) -> ImageIdentity {
    var key = image
    key.pid = 0
    return key
  }

  private func image(_ image: ImageIdentity) -> Result<Loaded, ImageProblem> {
    let key = Self.key(image)
    if let known = loaded[key] { return .success(known) }
    if let known = problems[image] { return .failure(known) }
    // Who follows a machine for weeks meets ever new ones; the source keeps those used lately.
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
    // Without a build id, a file of that name in a directory that was asked for is taken.
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

  /// Whether what has an image's path is what was mapped, as far as its inode tells.
  private func isMapped(_ image: ImageIdentity, below root: String) -> Bool {
    guard isThisBoot, !image.isDeleted else { return false }
    if image.path == VirtualSharedObject.path { return true }
    let path = root + image.path
    var status = stat()
    guard OSPath.stat(path, &status) == 0,
      image.inode == 0
        || MappedFile.is(status, at: path, device: image.device, inode: image.inode)
    else { return false }
    // A new file may have the inode of the one that it replaced.
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
    // Setting the clock moves this, so some slack; a restart moves it by more.
    let moved = (wall.tv_sec - monotonic.tv_sec) - (Int(then) - Int(uptime))
    return abs(moved) <= 10
  }
}

extension MachineImages {
  /// For a trace that has ended, or goes on.
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
