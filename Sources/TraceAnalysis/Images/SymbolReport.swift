internal import TraceEvents
public import TraceFormat
internal import TraceSymbols

/// Report of the modules in a trace's stacks (images, the kernel, code compiled at run time): how
/// many of their addresses have names, where the names come from, and why the others have none.
public struct SymbolReport: Report {
  /// Number of frames and of distinct addresses.
  public struct Count: Hashable, Sendable {
    /// Number of frames in the stacks of all events.
    public var frames: UInt64 = 0
    /// Number of distinct addresses, counted per process.
    public var addresses: UInt64 = 0

    public init(frames: UInt64 = 0, addresses: UInt64 = 0) {
      self.frames = frames
      self.addresses = addresses
    }

    /// Returns the sum of two counts.
    public static func + (a: Count, b: Count) -> Count {
      Count(frames: a.frames &+ b.frames, addresses: a.addresses &+ b.addresses)
    }
  }

  /// Addresses without a name, for one reason.
  public struct Unnamed: Hashable, Sendable {
    public var reason: UnresolvedReason
    public var count: Count
  }

  /// Where names of an image come from.
  public struct Origin: Hashable, Sendable {
    /// Kind of source.
    public enum Kind: Hashable, Sendable {
      /// The trace's own symbols.
      case trace
      /// Files of this machine; `debugFile` is set if one was needed. Without a path: the running
      /// kernel.
      case machine(path: String?, debugFile: String?)
      /// A source supplied by the caller.
      case other
    }

    public var kind: Kind
    /// Number of places in the image for which the source returned a name.
    public var places: UInt64
  }

  /// An image, the kernel, or a source of code compiled at run time.
  public struct Module: Hashable, Sendable {
    /// Path of an image; empty if it is not known what was there.
    public var path: String
    /// GNU build id, or its substitute for an image without one; empty if neither is known.
    public var buildID: [UInt8]
    /// Whether ``buildID`` is a digest of the image's content.
    public var hasContentID: Bool { BuildID(buildID)?.isContent == true }
    /// Nil if it is not known what was there.
    public var source: SymbolSource?
    public var processes: Int
    /// Number of functions announced, for code compiled at run time.
    public var announced: UInt64 = 0
    public var named = Count()
    /// Unnamed addresses by reason, most frames first.
    public var unnamed: [Unnamed] = []
    public var origins: [Origin] = []

    public var all: Count { unnamed.reduce(named) { $0 + $1.count } }
  }

  /// A jitdump file or a perf map that was read while collecting.
  public struct CodeFile: Hashable, Sendable {
    public var pid: UInt32
    public var path: String
    public var source: SymbolSource
    /// Number of pieces of code that the file announced.
    public var entries: UInt64
    /// Problems with the file, as sentences without a subject.
    public var problems: [String]
  }

  /// Maximum number of files kept; files with problems have precedence.
  public static let codeFilesMax = 1000

  public private(set) var lost = LostEvents()
  public private(set) var partial: [PartialReason] = []
  /// Display name of the trace: its path.
  public var trace = ""
  /// Whether to show only modules and files with missing names or problems.
  public var showsOnlyMissing = false
  /// Number of events with a stack.
  public var events: UInt64 = 0
  /// Number of these whose stack ends before the first function of the thread.
  public var callersLost: UInt64 = 0
  /// Modules, most frames first. Those without frames are sources of code compiled at run time in
  /// which nothing was sampled.
  public var modules: [Module] = []
  /// Number of mapped images that no stack hit.
  public var imagesNotHit = 0
  /// Code files in the order of the trace, at most ``codeFilesMax`` of ``codeFileCount``.
  public var codeFiles: [CodeFile] = []
  public var codeFileCount = 0
  /// Numbers of images and functions for which the trace has symbols.
  public var recordedImages = 0
  public var recordedFunctions = 0
  /// Whether there were too many distinct addresses to count them all.
  public var isCut = false

  /// Sums over all modules.
  public var named: Count { modules.reduce(Count()) { $0 + $1.named } }
  public var all: Count { modules.reduce(Count()) { $0 + $1.all } }

  /// Unnamed addresses of all modules by reason, most frames first.
  public var unnamed: [Unnamed] {
    var counts: [UnresolvedReason: Count] = [:]
    for unnamed in modules.flatMap(\.unnamed) {
      counts[unnamed.reason, default: Count()] =
        counts[unnamed.reason, default: Count()]
        + unnamed.count
    }
    return Self.sorted(counts)
  }

  static func sorted(_ counts: [UnresolvedReason: Count]) -> [Unnamed] {
    counts.map { Unnamed(reason: $0.key, count: $0.value) }
      .sorted { ($1.count.frames, $0.reason.rawValue) < ($0.count.frames, $1.reason.rawValue) }
  }

  fileprivate init(
    _ replay: Replay, _ symbolizer: Symbolizer, _ asked: [AskedSource], _ codeFiles: CodeFileList
  ) throws {
    let file = replay.file
    let tally = FrameTally(symbolizer)
    let collection = try StackCollection(file, StackSelection(), TallyFrames(tally: tally))
    tally.count(collection)
    events = collection.totals.metric.count &- collection.totals.withoutStack.count
    callersLost = collection.totals.cut.count
    isCut = tally.isCut || collection.tree.isCut
    modules = tally.modules { image in asked.compactMap { $0.origin(of: image) } }
    imagesNotHit = tally.imagesNotHit
    (self.codeFiles, codeFileCount) = codeFiles.finish()
    recordedImages = file.symbols.count
    recordedFunctions = file.symbols.reduce(0) { $0 + $1.functions.count }
    trace = file.path
    lost = LostEvents(file.lossTotals)
    partial = PartialReason.reasons(replay)
    if isCut { partial.append(.limited(what: "different addresses")) }
  }

  /// Modules to show.
  public var shownModules: [Module] {
    modules.filter { !showsOnlyMissing || !$0.unnamed.isEmpty }
  }

  /// Code files to show.
  public var shownCodeFiles: [CodeFile] {
    codeFiles.filter { !showsOnlyMissing || !$0.problems.isEmpty }
  }
}

/// Makes a ``SymbolReport`` from every stack of a trace.
///
/// - Cost: that of a ``StackCollection`` of all events.
public final class SymbolPass: ReportPass {
  private let options: SymbolizerOptions
  private let codeFiles = CodeFileList()
  private var asked: [AskedSource] = []
  private var replay: Replay?
  private var symbolizer: Symbolizer?

  public init(options: SymbolizerOptions = .init()) { self.options = options }

  /// Subscribes to the events about code and processes.
  public func subscribe(to replay: Replay) {
    let file = replay.file
    var options = options
    let others: [any ImageSymbolProvider] =
      options.imageSymbols ?? [
        MachineImages(file, searchRoots: options.searchRoots, servers: options.servers)
      ]
    asked = ([RecordedSymbols(file)] + others).map(AskedSource.init)
    options.imageSymbols = asked
    options.asksTrace = false
    options.keepsLines = false
    let symbolizer = Symbolizer(file, options: options)
    symbolizer.subscribe(to: replay)
    codeFiles.subscribe(to: replay)
    (self.replay, self.symbolizer) = (replay, symbolizer)
  }

  /// Resolves all stacks in a second run over the file and returns the report.
  ///
  /// - Throws: a ``FormatError`` if the file can no longer be read.
  public func finish() throws -> SymbolReport {
    guard let replay, let symbolizer else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    return try SymbolReport(replay, symbolizer.finish(), asked, codeFiles)
  }
}

/// Files in which runtimes announced their code.
private final class CodeFileList: Pass {
  private var files: [SymbolReport.CodeFile] = []
  private var count = 0

  func subscribe(to replay: Replay) {
    replay.on(TraceEvents.CodeFile.self) { [self] event, header in
      count += 1
      if files.count >= SymbolReport.codeFilesMax {
        guard !event.problems.isEmpty, let other = files.lastIndex(where: { $0.problems.isEmpty })
        else { return }
        files.remove(at: other)
      }
      files.append(
        SymbolReport.CodeFile(
          pid: header.pid, path: event.path,
          source: event.source == .jitdump ? .jitdump : .perfMap, entries: event.entries,
          problems: event.problems))
    }
  }

  func finish() -> (files: [SymbolReport.CodeFile], count: Int) { (files, count) }
}

/// A source of images' functions that records the places it named.
private final class AskedSource: ImageSymbolProvider {
  private let source: any ImageSymbolProvider
  private var places: [ImageIdentity: Set<UInt64>] = [:]
  private var kernel: Set<UInt64> = []

  init(_ source: any ImageSymbolProvider) { self.source = source }

  func function(atFileOffset offset: UInt64, in image: ImageIdentity) -> ImageAnswer {
    let answer = source.function(atFileOffset: offset, in: image)
    if case .function = answer { places[image, default: []].insert(offset) }
    return answer
  }

  func kernelFunction(at address: UInt64) -> ImageAnswer {
    let answer = source.kernelFunction(at: address)
    if case .function = answer { kernel.insert(address) }
    return answer
  }

  /// Returns the origin of the names of `image`, or of the kernel if nil; nil if it named no place.
  func origin(of image: ImageIdentity?) -> SymbolReport.Origin? {
    let count = image.map { places[$0]?.count ?? 0 } ?? kernel.count
    guard count > 0 else { return nil }
    var kind = SymbolReport.Origin.Kind.other
    if source is RecordedSymbols { kind = .trace }
    if let machine = source as? MachineImages {
      let files = image.flatMap { machine.files(of: $0) }
      kind = .machine(path: files?.image, debugFile: files?.debug)
    }
    return SymbolReport.Origin(kind: kind, places: UInt64(count))
  }
}
