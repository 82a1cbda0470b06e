internal import Glibc
internal import TraceAnalysis
internal import TraceEvents
internal import TraceExport
internal import TraceFormat

/// A trace in the format of another tool, as `tracectl export` writes it.
enum ExportRoute {
  /// Maximum bytes of an export. Larger ones are left to the command.
  static let bytesMax = 256 << 20

  static func answer(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    try answer(file, query, place, format: query.text("format") ?? "")
  }

  static func answer(
    _ file: TraceFile, _ query: Query, _ place: Workplace, format name: String
  ) throws -> Answer {
    var options = try StackRoute.selected(file, query, place)
    let registry = RendererRegistry.exporters
    if let renderer = registry.renderer(of: FlameGraph.self, format: name) {
      return try written(graph(file, options, query, place), renderer)
    }
    options.detail = SourceDetail(lines: true, inlined: true)
    if let renderer = registry.renderer(of: StackProfile.self, format: name) {
      let pass = StackProfilePass(options, isWall: query.flag("wall"))
      return try written(pass.report(from: Replay(file)), renderer)
    }
    guard let renderer = registry.renderer(of: TraceTimeline.self, format: name) else {
      throw Refusal(400, "There is no export of the format '\(name.cut(bytes: 100))'.")
    }
    guard !query.flag("wall") else {
      throw Refusal(400, "\(name) shows times, and wall-clock time is added up; choose another.")
    }
    return try written(TraceTimeline(file, options), renderer)
  }

  /// The stacks; with `base`, colored by the change since the first trace.
  private static func graph(
    _ file: TraceFile, _ options: StackOptions, _ query: Query, _ place: Workplace
  ) throws -> FlameGraph {
    func stacks(_ file: TraceFile, _ options: StackOptions) throws -> StackReport {
      try query.flag("wall")
        ? WallPass(options).report(from: Replay(file))
        : StackPass(options).report(from: Replay(file))
    }
    guard query.flag("base") else { return FlameGraph(try stacks(file, options)) }
    let before = try place.file(0)
    let base = try stacks(before, StackRoute.selected(before, query, place))
    return FlameGraph(try stacks(file, options), base: base)
  }

  private static func written<Subject>(
    _ subject: Subject, _ renderer: any Renderer<Subject>
  ) throws -> Answer {
    let sink = LimitedSink(bytesMax)
    var output = OutputBuffer(sink)
    try renderer.render(subject, RenderOptions(), to: &output)
    output.flush()
    guard output.failure == 0 else {
      throw Refusal(
        413, "The file would have more than \(bytesMax >> 20) MB; use 'tracectl export'.")
    }
    let ending = renderer.format.fileExtensions.first ?? "bin"
    return Answer(
      mediaType: "application/octet-stream", bytes: sink.bytes, fileName: "trace.\(ending)")
  }

  /// The formats, for the menu.
  static var formats: [OutputFormat] {
    let registry = RendererRegistry.exporters
    return registry.formats(of: StackProfile.self) + registry.formats(of: TraceTimeline.self)
      + registry.formats(of: FlameGraph.self)
  }

  /// Whether a format shows times, and so not wall-clock time added up.
  static func showsTimes(_ format: String) -> Bool {
    RendererRegistry.exporters.renderer(of: TraceTimeline.self, format: format) != nil
  }
}

/// Keeps what is written, up to a number of bytes.
private final class LimitedSink: ByteSink {
  private(set) var bytes: [UInt8] = []
  private let limit: Int

  init(_ limit: Int) { self.limit = limit }

  func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
    guard self.bytes.count + bytes.count <= limit else { throw SinkError(code: EFBIG) }
    self.bytes.append(contentsOf: bytes)
  }
}
