internal import TraceEvents
internal import TraceFormat
internal import TraceSymbols

/// What of the source code is shown with frames.
public struct SourceDetail: Hashable, Sendable {
  /// The line: each line of a function is a frame of its own.
  public var lines: Bool
  /// Calls that a compiler has inlined, as frames below the function they are a part of.
  public var inlined: Bool

  public init(lines: Bool = false, inlined: Bool = false) {
    self.lines = lines
    self.inlined = inlined
  }

  /// Functions only.
  public static var none: SourceDetail { SourceDetail() }
}

/// Frames as a ``Symbolizer`` knows them.
public struct SymbolizerFrames: FrameResolver {
  private let symbolizer: Symbolizer
  private let processes: ProcessHistory
  private let detail: SourceDetail
  /// Nil where threads are not told apart.
  private let threads: ThreadNames?
  /// By symbol, once it was met.
  private var frames: [FrameID?] = []
  private var unresolved: [UnresolvedKey: FrameID] = [:]

  private struct UnresolvedKey: Hashable {
    var reason: UnresolvedReason
    var module: ModuleID?
    var isKernel: Bool
  }

  /// `symbolizer` is prepared; it keeps lines if they are asked for.
  public init(_ symbolizer: Symbolizer, detail: SourceDetail = .none) {
    self.init(symbolizer, detail: detail, threads: nil)
  }

  /// - Parameter threads: what threads were called, already read; nil where none is asked for.
  init(_ symbolizer: Symbolizer, detail: SourceDetail, threads: ThreadNames?) {
    self.threads = threads
    self.symbolizer = symbolizer
    self.detail = detail
    processes = symbolizer.processes.history
  }

  /// With a ``Symbolizer/another()`` of its own.
  public func another() -> Self? {
    Self(symbolizer.another(), detail: detail, threads: threads)
  }

  /// The program that had `pid` then, by the trace's word on processes.
  public mutating func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess {
    processes.process(pid, at: time)
  }

  /// What the trace's events of threads say.
  public mutating func threadName(_ tid: UInt32, of process: ResolvedProcess) -> String? {
    threads?.name(of: tid, in: process)
  }

  /// The symbolizer's answer, as a frame.
  public mutating func frame(
    _ address: UInt64, of process: ResolvedProcess, at time: Int64, isCaller: Bool,
    in table: inout FrameTable
  ) -> ResolvedFrame {
    if address == StackNode.lostAddress { return ResolvedFrame(lost(&table), validity: .always) }
    let (resolution, span) = symbolizer.resolveSpan(
      pid: process.pid, address: address, at: time, isCaller: isCaller)
    switch resolution {
    case .symbol(let id, _, .uncertain):
      return ResolvedFrame(uncertainFrame(of: id, &table), validity: span)
    case .symbol(let id, _, _):
      guard detail != .none,
        let source = symbolizer.sourceFrames(
          pid: process.pid, address: address, at: time, isCaller: isCaller)
      else { return ResolvedFrame(frame(of: id, &table), validity: span) }
      return frames(of: id, source, validity: span, &table)
    case .unresolved(let reason, let module):
      let key = UnresolvedKey(
        reason: reason, module: module, isKernel: StackAddress.isKernel(address))
      return ResolvedFrame(frame(of: key, &table), validity: span)
    }
  }

  /// The symbol's frame with its line, and those inlined in it.
  private mutating func frames(
    of symbol: SymbolID, _ source: SourceFrames, validity: ClosedRange<Int64>,
    _ table: inout FrameTable
  ) -> ResolvedFrame {
    var outer = frame(of: symbol, &table)
    let frame = table[outer]
    if detail.lines, let line = source.line {
      var placed = frame
      placed.place = line.shortName
      outer = table.id(of: placed)
    }
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

  /// In place of callers that were not found, or lie in a damaged part of the file.
  private func lost(_ table: inout FrameTable) -> FrameID {
    table.id(of: StackFrame(.unresolved, function: "[callers lost]"))
  }

  private mutating func frame(of symbol: SymbolID, _ table: inout FrameTable) -> FrameID {
    let index = Int(symbol.rawValue)
    while frames.count <= index { frames.append(nil) }
    if let known = frames[index] { return known }
    let frame = StackFrame(symbolizer.makeSymbol(symbol)) { symbolizer.module($0) }
    let id = table.id(of: frame)
    frames[index] = id
    return id
  }

  /// One whose name may be another's, who was there at about the same time.
  private mutating func uncertainFrame(of symbol: SymbolID, _ table: inout FrameTable) -> FrameID {
    var frame = table[frame(of: symbol, &table)]
    frame.mark = frame.mark.isEmpty ? "uncertain" : frame.mark + ", uncertain"
    return table.id(of: frame)
  }

  private mutating func frame(of key: UnresolvedKey, _ table: inout FrameTable) -> FrameID {
    if let known = unresolved[key] { return known }
    var module = key.module.map { symbolizer.module($0).shownName } ?? "?"
    if key.isKernel { module = CodeModule.kernelMark }
    let id = table.id(
      of: StackFrame(.unresolved, module: module, function: "?", mark: key.reason.label))
    unresolved[key] = id
    return id
  }
}

extension CodeModule {
  static var kernelMark: String { "[k]" }

  /// What stands before a function's name: an image's file name, `[jit]`, `[k]`.
  public var shownName: String {
    switch source {
    case .jitdump, .provider, .perfMap: "[jit]"
    case .kernel: Self.kernelMark
    case .image: name
    }
  }
}

extension StackFrame {
  /// A symbol as call trees show it.
  public init(_ symbol: CodeSymbol, module: (ModuleID) -> CodeModule) {
    self.init(
      .function, module: module(symbol.module).shownName, function: symbol.name,
      mark: symbol.tierName.isEmpty ? symbol.tier.mark : symbol.tierName)
  }
}

extension MethodTier {
  /// A word for people, as the runtime's own tools have it; empty where it is not known.
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
