public import TraceAnalysis
internal import TraceEvents

/// A profile for `go tool pprof` and everything else that reads its format: profile.proto,
/// compressed with gzip.
///
/// - A sample is a stack of a thread with its number of events and their weight. Labels are `pid`,
///   `process`, `tid` and `thread`, all text.
/// - A location is a line of a function, with the calls inlined there. Its address is that of the
///   first instruction met there; in an image, the offset in its file.
/// - Comments state what is lost or left out.
public struct PprofExport: Renderer {
  public let format = OutputFormat(
    "pprof", fileExtensions: ["pb.gz", "pprof", "pprof.gz", "prof"], summary: "go tool pprof")

  private let heading: PprofHeading?

  public init() { heading = nil }

  /// Creates an exporter of profiles with this heading. It must have as many types as the profile
  /// has values.
  public init(heading: PprofHeading) { self.heading = heading }

  /// Writes the whole profile.
  ///
  /// - Cost: memory for the strings, functions and locations, which are as many as the stacks'
  ///   lines; the samples are written one by one.
  public func render(
    _ profile: StackProfile, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    var writer = PprofWriter(profile, heading)
    writer.write(to: &output)
  }
}

private struct PprofWriter: ~Copyable {
  private let profile: StackProfile
  private let heading: PprofHeading?
  private var tables: PprofTables
  private var gzip = GzipStream()
  private var places: PprofPlaces
  private var message = ProtobufMessage()
  private var noStack: UInt64?

  init(_ profile: StackProfile, _ heading: PprofHeading?) {
    self.profile = profile
    self.heading = heading
    tables = PprofTables(profile)
    places = PprofPlaces(profile)
  }

  mutating func write(to output: inout OutputBuffer) {
    writeHeading()
    let tree = profile.stacks.calls.tree
    var labels: [UInt32: ProtobufMessage] = [:]
    var last: (owner: UInt32, labels: ProtobufMessage)?
    var path: [UInt64] = []
    var values: [UInt64] = []
    for node in 1..<max(tree.count, 1) where tree.exclusive[node].count > 0 {
      if output.failure != 0 { return }
      let place = places.makePath(from: node, &tables, &path)
      if path.isEmpty { path.append(noStackLocation()) }
      let owner = UInt32(place)
      if last?.owner != owner {
        let known = labels[owner] ?? label(of: place)
        labels[owner] = known
        last = (owner, known)
      }
      message.clear()
      message.field(1, packed: path)
      set(&values, to: tree.exclusive[node])
      message.field(2, packed: values)
      tables.pending.field(2, message, then: last?.labels)
      if tables.pending.count > 1 << 16 { flush(to: &output) }
    }
    flush(isLast: true, to: &output)
  }

  private mutating func flush(isLast: Bool = false, to output: inout OutputBuffer) {
    gzip.write(tables.pending, isLast: isLast, to: &output)
    tables.pending.clear()
  }

  private mutating func noStackLocation() -> UInt64 {
    let number = noStack ?? tables.location(named: "[no stack]")
    noStack = number
    return number
  }

  /// Returns the labels of a thread's samples, or of a process's, as fields of a sample.
  private mutating func label(of node: StackTree.Node) -> ProtobufMessage {
    var labels = ProtobufMessage()
    var label = ProtobufMessage()
    var place = node
    let stacks = profile.stacks
    while place != StackTree.root {
      let frame = stacks.frames[stacks.calls.tree.frames[place]]
      place = Int(stacks.calls.tree.parents[place])
      guard let identity = frame.identity else { continue }
      let keys = frame.kind == .thread ? ("tid", "thread") : ("pid", "process")
      for (key, text) in [(keys.0, identity.id), (keys.1, identity.name)] where !text.isEmpty {
        label.clear()
        label.field(1, tables.string(key))
        label.field(2, tables.string(text))
        labels.field(3, label)
      }
    }
    return labels
  }
}

extension PprofWriter {
  /// Replaces the values of a sample, which are in the order of the sample types.
  private func set(_ values: inout [UInt64], to metric: StackMetric) {
    let limit = UInt64(Int64.max)
    values.removeAll(keepingCapacity: true)
    values.append(min(metric.count, limit))
    if profile.stacks.unit != .events { values.append(min(metric.weight, limit)) }
  }

  /// Names and units of the sample types; the last one is what tools show first.
  private var types: [(name: String, unit: String)] {
    let stacks = profile.stacks
    let names = stacks.eventNames
    let event = names.count == 1 ? names[0].split(separator: "/").last.map(String.init) : nil
    switch stacks.unit {
    case .cpuTime: return [("samples", "count"), ("cpu", "nanoseconds")]
    case .wallTime: return [("parts", "count"), ("wall", "nanoseconds")]
    case .events: return [(event ?? "events", "count")]
    case .field(let name, let hint):
      let units: [FieldHint: String] = [
        .bytes: "bytes", .nanoseconds: "nanoseconds", .microseconds: "microseconds",
        .milliseconds: "milliseconds",
      ]
      return [(event ?? "events", "count"), (name, units[hint] ?? "count")]
    }
  }

  private mutating func writeHeading() {
    let stacks = profile.stacks
    if let heading { return tables.write(heading, ProfileComments.lines(of: profile)) }
    for type in types { tables.pending.field(1, tables.valueType(type.name, type.unit)) }
    if let times = stacks.totals.times {
      tables.pending.field(9, signed: profile.start_ns &+ times.lowerBound)
      tables.pending.field(10, signed: max(0, times.upperBound &- times.lowerBound))
    }
    if stacks.unit == .cpuTime {
      tables.pending.field(11, tables.valueType("cpu", "nanoseconds"))
      tables.pending.field(12, min(stacks.totals.usualWeight, UInt64(Int64.max)))
    }
    for comment in ProfileComments.lines(of: profile) {
      let number = tables.string(comment)
      tables.pending.field(13, number)
    }
  }
}
