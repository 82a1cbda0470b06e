internal import TraceEvents
internal import TraceFormat
internal import TraceSymbols

/// Source details shown with frames.
public struct SourceDetail: Hashable, Sendable {
  /// Whether lines are shown; each line of a function is then a separate frame.
  public var lines: Bool
  /// Whether inlined calls are shown, as frames below the function into which they are inlined.
  public var inlined: Bool

  public init(lines: Bool = false, inlined: Bool = false) {
    self.lines = lines
    self.inlined = inlined
  }

  /// Functions only.
  public static var none: SourceDetail { SourceDetail() }
}

/// Frames resolved by a ``Symbolizer``.
public struct SymbolizerFrames: FrameResolver {
  private let symbolizer: Symbolizer
  private let processes: ProcessHistory
  private let detail: SourceDetail
  /// Nil if threads are not shown separately.
  private let threads: ThreadNames?
  /// Receives what an exporter writes of each frame; nil if nothing is exported.
  private let book: FrameBook?
  private let page: FramePage?
  /// Whether each address without a name is a frame of its own.
  private let keepsAddresses: Bool
  /// Frame of each symbol met so far.
  private var frames: [FrameID?] = []
  /// Shown name of each module met so far.
  private var moduleNames: [UInt32: String] = [:]
  private var unresolved: [UnresolvedKey: FrameID] = [:]

  private struct UnresolvedKey: Hashable {
    var reason: UnresolvedReason
    var module: ModuleID?
    var isKernel: Bool
    /// 0 if addresses are not told apart.
    var address: UInt64 = 0
  }

  /// Creates a resolver. `symbolizer` must be prepared, and must keep lines if `detail` requests
  /// them.
  public init(_ symbolizer: Symbolizer, detail: SourceDetail = .none) {
    self.init(symbolizer, detail: detail, threads: nil)
  }

  /// - Parameter threads: thread names, already read; nil if none are needed.
  init(
    _ symbolizer: Symbolizer, detail: SourceDetail, threads: ThreadNames?,
    book: FrameBook? = nil, keepsAddresses: Bool = false
  ) {
    self.keepsAddresses = keepsAddresses
    self.threads = threads
    self.book = book
    page = book?.page()
    self.symbolizer = symbolizer
    self.detail = detail
    processes = symbolizer.processes.history
  }

  /// Returns a resolver with its own ``Symbolizer/another()``.
  public func another() -> Self? {
    Self(
      symbolizer.another(), detail: detail, threads: threads, book: book,
      keepsAddresses: keepsAddresses)
  }

  /// Returns the same resolver for frames of another table, on the same thread.
  func forAnotherTable() -> Self {
    Self(
      symbolizer, detail: detail, threads: threads, book: book, keepsAddresses: keepsAddresses)
  }

  /// Returns the program that had `pid` at that time, according to the trace's process events.
  public mutating func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess {
    processes.process(pid, at: time)
  }

  /// Returns the thread's name according to the trace's thread events.
  public mutating func threadName(_ tid: UInt32, of process: ResolvedProcess) -> String? {
    threads?.name(of: tid, in: process)
  }

  /// Converts the symbolizer's answer to a frame.
  public mutating func frame(
    _ address: UInt64, of process: ResolvedProcess, at time: Int64, isCaller: Bool,
    in table: inout FrameTable
  ) -> ResolvedFrame {
    if address == StackNode.lostAddress { return ResolvedFrame(lost(&table), validity: .always) }
    let (resolution, span) = symbolizer.resolveSpan(
      pid: process.pid, address: address, at: time, isCaller: isCaller)
    var source: SourceFrames?
    let found: ResolvedFrame
    switch resolution {
    case .symbol(let id, _, .uncertain):
      found = ResolvedFrame(uncertainFrame(of: id, &table), validity: span)
    case .symbol(let id, _, _):
      if detail != .none {
        source = symbolizer.sourceFrames(
          pid: process.pid, address: address, at: time, isCaller: isCaller)
      }
      found =
        source.map { frames(of: id, $0, validity: span, &table) }
        ?? ResolvedFrame(frame(of: id, &table), validity: span)
    case .unresolved(let reason, let module):
      let key = UnresolvedKey(
        reason: reason, module: module, isKernel: StackAddress.isKernel(address),
        address: keepsAddresses ? (isCaller ? address &- 1 : address) : 0)
      found = ResolvedFrame(frame(of: key, &table), validity: span)
    }
    if let page {
      page.note(
        found, in: table, resolution, source,
        CodePlace(pid: process.pid, address: address, time: time, isCaller: isCaller), symbolizer)
    }
    return found
  }

  /// Returns the symbol's frame with its line, and the frames inlined there.
  private mutating func frames(
    of symbol: SymbolID, _ source: SourceFrames, validity: ClosedRange<Int64>,
    _ table: inout FrameTable
  ) -> ResolvedFrame {
    var outer = frame(of: symbol, &table)
    let frame = table[outer]
    var placed = frame
    if detail.lines, let line = source.line, line.line > 0 { placed.place = line.shortName }
    if detail.inlined, source.isInlined { placed.mark = "inlined" }
    if placed != frame { outer = table.id(of: placed) }
    guard detail.inlined, !source.inlined.isEmpty else {
      return ResolvedFrame(outer, validity: validity)
    }
    let inner = source.inlined.map { call in
      table.id(
        of: StackFrame(
          .function, module: frame.module, function: call.shownName, mark: "inlined",
          place: detail.lines ? call.line?.shortName ?? "" : ""))
    }
    return ResolvedFrame(outer, inlined: table.keep(inlined: inner), validity: validity)
  }

  /// Returns a placeholder for callers that were not found or lie in a damaged part of the file.
  private func lost(_ table: inout FrameTable) -> FrameID {
    table.id(of: .callersLost)
  }

  private mutating func frame(of symbol: SymbolID, _ table: inout FrameTable) -> FrameID {
    let index = Int(symbol.rawValue)
    while frames.count <= index { frames.append(nil) }
    if let known = frames[index] { return known }
    let shown = symbolizer.shownSymbol(symbol)
    let frame = StackFrame(
      .function, module: shownName(of: shown.module), function: shown.name,
      mark: shown.tier.mark(shown.tierName))
    let id = table.id(of: frame)
    frames[index] = id
    return id
  }

  private mutating func shownName(of module: ModuleID) -> String {
    if let known = moduleNames[module.rawValue] { return known }
    let name = symbolizer.module(module).shownName
    moduleNames[module.rawValue] = name
    return name
  }

  /// Returns a frame whose name may belong to other code that was there at about the same time.
  private mutating func uncertainFrame(of symbol: SymbolID, _ table: inout FrameTable) -> FrameID {
    // In one expression, the table would be read before its new frame.
    let certain = frame(of: symbol, &table)
    var frame = table[certain]
    frame.mark = frame.mark.isEmpty ? "uncertain" : frame.mark + ", uncertain"
    return table.id(of: frame)
  }

  private mutating func frame(of key: UnresolvedKey, _ table: inout FrameTable) -> FrameID {
    if let known = unresolved[key] { return known }
    var module = key.module.map { shownName(of: $0) } ?? "?"
    if key.isKernel { module = CodeModule.kernelMark }
    let id = table.id(
      of: StackFrame(
        .unresolved, module: module, function: "?", mark: key.reason.label,
        place: key.address == 0 ? "" : "0x" + String(key.address, radix: 16)))
    unresolved[key] = id
    return id
  }
}

extension CodeModule {
  static var kernelMark: String { "[k]" }

  /// Text shown before a function's name: an image's file name, `[jit]`, or `[k]`.
  public var shownName: String {
    switch source {
    case .jitdump, .provider, .perfMap: "[jit]"
    case .kernel: Self.kernelMark
    case .image:
      name.hasPrefix(ProfileSchema.imagePrefix)
        ? String(name.dropFirst(ProfileSchema.imagePrefix.utf8.count)) : name
    }
  }
}

extension StackFrame {
  /// Creates the frame of a symbol as call trees show it.
  public init(_ symbol: CodeSymbol, module: (ModuleID) -> CodeModule) {
    self.init(
      .function, module: module(symbol.module).shownName, function: symbol.name,
      mark: symbol.tier.mark(symbol.tierName))
  }
}

extension MethodTier {
  /// Returns the runtime's own word for the tier, `name`, if the code's name had it.
  fileprivate func mark(_ name: String) -> String { name.isEmpty ? mark : name }

  /// Tier name used by the runtime's own tools; empty if unknown.
  var mark: String {
    switch self {
    case .unknown: ""
    case .minOptJitted: "min-opt"
    case .optimized: "optimized"
    case .quickJitted: "tier 0"
    case .optimizedTier1: "tier 1"
    case .tier1OSR: "OSR"
    case .quickJittedInstrumented: "tier 0 instrumented"
    case .tier1Instrumented: "tier 1 instrumented"
    case .readyToRun: "ready to run"
    default: "tier \(rawValue)"
    }
  }
}
