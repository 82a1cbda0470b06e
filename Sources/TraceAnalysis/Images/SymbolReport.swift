internal import TraceEvents
public import TraceFormat
internal import TraceSymbols

/// What a trace's stacks went through (images, the kernel, code compiled at run time), how many of
/// its addresses have names, where those are from, and why the others have none.
public struct SymbolReport: Report {
  /// How much of something there is.
  public struct Count: Hashable, Sendable {
    /// In the stacks of all events, each as often as it was there.
    public var frames: UInt64 = 0
    /// Different ones, of each process its own.
    public var addresses: UInt64 = 0

    public init(frames: UInt64 = 0, addresses: UInt64 = 0) {
      self.frames = frames
      self.addresses = addresses
    }

    /// Both together.
    public static func + (a: Count, b: Count) -> Count {
      Count(frames: a.frames &+ b.frames, addresses: a.addresses &+ b.addresses)
    }
  }

  /// Addresses without a name, by why.
  public struct Unnamed: Hashable, Sendable {
    public var reason: UnresolvedReason
    public var count: Count
  }

  /// Where names of an image come from.
  public struct Origin: Hashable, Sendable {
    /// Whose they are.
    public enum Kind: Hashable, Sendable {
      /// The trace's own.
      case trace
      /// Files of this machine; the debug file, where one was needed. Without a path: the running
      /// kernel.
      case machine(path: String?, debugFile: String?)
      /// Whatever the caller gave.
      case other
    }

    public var kind: Kind
    /// Places in the image that it gave a name for.
    public var places: UInt64
  }

  /// An image, the kernel, or a source of code compiled at run time.
  public struct Module: Hashable, Sendable {
    /// An image's path; empty where nothing is known of what was there.
    public var path: String
    /// The GNU build id, or what stands in its place for an image without one; empty where neither
    /// is known.
    public var buildID: [UInt8]
    /// Whether ``buildID`` is a digest of the image's content.
    public var hasContentID: Bool { BuildID(buildID)?.isContent == true }
    /// Nil where nothing is known of what was there.
    public var source: SymbolSource?
    public var processes: Int
    /// Of code compiled at run time, the functions that were announced.
    public var announced: UInt64 = 0
    public var named = Count()
    /// Most frames first.
    public var unnamed: [Unnamed] = []
    public var origins: [Origin] = []

    public var all: Count { unnamed.reduce(named) { $0 + $1.count } }
  }

  /// A jitdump file or a perf map that was read while collecting.
  public struct CodeFile: Hashable, Sendable {
    public var pid: UInt32
    public var path: String
    public var source: SymbolSource
    /// Pieces of code that it announced.
    public var entries: UInt64
    /// What was wrong with it, in sentences without their subject.
    public var problems: [String]
  }

  /// Files that are kept, those with problems before the others.
  public static let codeFilesMax = 1000

  public private(set) var lost = LostEvents()
  public private(set) var partial: [PartialReason] = []
  /// What the trace is called: its path.
  public var trace = ""
  /// Leave out of what is shown whatever has a name for each of its addresses.
  public var showsOnlyMissing = false
  /// Events that have a stack.
  public var events: UInt64 = 0
  /// Of those, the ones whose stack ends before the first function of its thread.
  public var callersLost: UInt64 = 0
  /// Those with the most frames first; those without a frame, because nothing was ever sampled
  /// there, are sources of code compiled at run time.
  public var modules: [Module] = []
  /// Images that were mapped where no stack went.
  public var imagesNotHit = 0
  /// In the order of the trace; at most ``codeFilesMax`` of ``codeFileCount``.
  public var codeFiles: [CodeFile] = []
  public var codeFileCount = 0
  /// Images and functions that the trace has symbols of.
  public var recordedImages = 0
  public var recordedFunctions = 0
  /// Whether there were too many different addresses to count them all.
  public var isCut = false

  /// Of all modules.
  public var named: Count { modules.reduce(Count()) { $0 + $1.named } }
  public var all: Count { modules.reduce(Count()) { $0 + $1.all } }

  /// Of all modules, most frames first.
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

  /// The images, the kernel and the sources of code that are to be shown.
  public var shownModules: [Module] {
    modules.filter { !showsOnlyMissing || !$0.unnamed.isEmpty }
  }

  /// The files that announced code and are to be shown.
  public var shownCodeFiles: [CodeFile] {
    codeFiles.filter { !showsOnlyMissing || !$0.problems.isEmpty }
  }
}

/// Makes a ``SymbolReport``: looks at every stack of a trace.
///
/// - Cost: that of a ``StackCollection`` of all events.
public final class SymbolPass: ReportPass {
  private let options: SymbolizerOptions
  private let codeFiles = CodeFileList()
  private var asked: [AskedSource] = []
  private var replay: Replay?
  private var symbolizer: Symbolizer?

  public init(options: SymbolizerOptions = .init()) { self.options = options }

  /// Asks for what is told of code and processes.
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

  /// What has names, and what has not: looks at the stacks in a second run over the file.
  ///
  /// - Throws: a ``FormatError`` when the file cannot be read any more.
  public func finish() throws -> SymbolReport {
    guard let replay, let symbolizer else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    return try SymbolReport(replay, symbolizer.finish(), asked, codeFiles)
  }
}

/// The files that runtimes announced their code in.
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

/// A source of images' functions, and what it gave names for.
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

  /// Nil where it gave none; `image` is nil for the kernel.
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
