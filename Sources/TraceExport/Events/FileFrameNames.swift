internal import TraceAnalysis
internal import TraceFormat

/// Names taken from the whole file, which is read for them when the first stack is shown.
final class FileFrameNames: FrameNames {
  /// Maximum number of addresses whose lines are kept. When exceeded, the cache is cleared.
  static let sourcesMax = 1 << 16

  private let symbolizer: Symbolizer
  private let detail: SourceDetail
  private var isPrepared = false
  private var shown = ShownSymbols()
  /// Cached lines, because lookups are expensive and most addresses recur.
  private var sources: [Place: (frame: NamedFrame, span: ClosedRange<Int64>)] = [:]

  private struct Place: Hashable {
    var pid: UInt32
    var address: UInt64
    var isCaller: Bool
  }

  /// - Parameter detail: the detail of the source shown with each frame.
  init(
    _ replay: Replay, options: SymbolizerOptions = .init(), detail: SourceDetail = .none
  ) {
    self.detail = detail
    var options = options
    options.keepsLines = detail.lines
    symbolizer = Symbolizer(replay.file, options: options)
  }

  /// Returns the named frame at that time.
  func frame(
    _ address: UInt64, pid: UInt32, at time: Int64, isCaller: Bool
  ) throws -> NamedFrame {
    if !isPrepared {
      isPrepared = true
      try symbolizer.prepare()
    }
    if detail != .none { return sourceFrame(address, pid: pid, at: time, isCaller: isCaller) }
    let resolution = symbolizer.resolve(
      pid: pid, address: address, at: time, isCaller: isCaller)
    return shown.frame(
      address, resolution, symbol: symbolizer.symbol, module: symbolizer.module)
  }

  private func sourceFrame(
    _ address: UInt64, pid: UInt32, at time: Int64, isCaller: Bool
  ) -> NamedFrame {
    let place = Place(pid: pid, address: address, isCaller: isCaller)
    if let known = sources[place], known.span ~= time { return known.frame }
    let (resolution, source, span) = symbolizer.resolveSource(
      pid: pid, address: address, at: time, isCaller: isCaller, detail)
    var frame = shown.frame(
      address, resolution, symbol: symbolizer.symbol, module: symbolizer.module)
    frame.source = source
    if sources.count >= Self.sourcesMax { sources = [:] }
    sources[place] = (frame, span)
    return frame
  }
}
