public import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// A processed profile for profiler.firefox.com, of format version 58; the page upgrades older
/// versions when it opens them.
///
/// Each thread has its samples with categories and lines, and its other events as markers, of which
/// each type has a schema. The times for which a thread ran are markers, too. Counters are
/// tracks of their process.
public struct FirefoxExport: Renderer {
  public let format = OutputFormat(
    "firefox", fileExtensions: ["profile.json", "firefox.json"], summary: "profiler.firefox.com")

  public init() {}

  static let version = 58

  /// Writes the whole profile.
  ///
  /// - Cost: memory for the markers, of which at most ``FirefoxMarkers/bytesMax`` bytes are kept;
  ///   the rest are counted in the profile.
  public func render(
    _ timeline: TraceTimeline, _ options: RenderOptions, to output: inout OutputBuffer
  ) throws {
    try withPlaced(FirefoxMarkers(timeline)) { markers in
      try timeline.deliver(to: markers)
      write(timeline, markers, to: &output)
    }
  }

  private func write(
    _ timeline: TraceTimeline, _ markers: UnsafeMutablePointer<FirefoxMarkers>,
    to output: inout OutputBuffer
  ) {
    var tables = FirefoxTables(timeline.profile)
    output.append("{\"meta\":{")
    writeMeta(timeline, left: markers.pointee.leftOut, to: &output)
    output.append(",\"markerSchema\":[")
    markers.pointee.writeSchemas(to: &output)
    output.append("]},\"libs\":[")
    tables.writeLibraries(to: &output)
    output.append("],\n\"threads\":[")
    let order = timeline.samplesByThread()
    let nodes = timeline.nodesByThread()
    // A process that executes another program keeps its threads.
    var sampled: [UInt64: [Int]] = [:]
    for (index, thread) in timeline.threads.enumerated() {
      sampled[thread.key, default: []].append(index)
    }
    for (index, thread) in markers.pointee.threads.enumerated() {
      if output.failure != 0 { return }
      output.append(index > 0 ? ",\n{" : "\n{")
      writeHead(of: thread, to: &output)
      let numbers = sampled[thread.key] ?? []
      tables.write(
        timeline, order: numbers.flatMap { order[$0] }.sorted(),
        nodes: numbers.flatMap { nodes[$0] }, to: &output)
      output.append(",\"markers\":")
      markers.pointee.write(thread.key, &tables, to: &output)
      output.append("}")
    }
    output.append("],\n\"counters\":[")
    markers.pointee.writeCounters(to: &output)
    output.append("],\n\"shared\":{\"stringArray\":[")
    tables.writeStrings(to: &output)
    output.append("}}\n")
  }

  private func writeMeta(
    _ timeline: TraceTimeline, left: UInt64, to output: inout OutputBuffer
  ) {
    let stacks = timeline.profile.stacks
    output.append("\"interval\":")
    output.append(milliseconds: Int64(clamping: max(stacks.totals.usualWeight, 1)))
    output.append(",\"startTime\":")
    output.append(milliseconds: timeline.profile.start_ns)
    output.append(
      text: """
        ,"processType":0,"product":\(jsonText(stacks.trace)),"stackwalk":1,"version":27,\
        "preprocessedProfileVersion":\(Self.version),"symbolicated":true,"importedFrom":"tracectl",\
        "usesOnlyOneStackType":true,"sourceCodeIsNotOnSearchfox":true,\
        "sampleUnits":{"time":"ms","eventDelay":"ms","threadCPUDelta":"ns"},"categories":[
        """)
    for (index, category) in FirefoxCategory.allCases.enumerated() {
      output.append(
        text: (index > 0 ? "," : "")
          + "{\"name\":\"\(category.name)\",\"color\":\"\(category.color)\","
          + "\"subcategories\":[\"Other\"]}")
    }
    output.append("],\"extra\":[{\"label\":\"tracectl\",\"entries\":[")
    var comments = ProfileComments.lines(of: timeline.profile)
    if left > 0 { comments.append("\(grouped(left)) events are left out: too many for markers") }
    for (index, comment) in comments.enumerated() {
      output.append(
        text: (index > 0 ? "," : "")
          + "{\"label\":\"note\",\"format\":\"string\",\"value\":\(jsonText(comment))}")
    }
    output.append("]}]")
  }

  private func writeHead(of thread: TimelineThread, to output: inout OutputBuffer) {
    let isMain = thread.pid == thread.tid
    let name = thread.name.isEmpty ? thread.process : thread.name
    output.append(
      text: """
        "processType":"default","processStartupTime":0,"processShutdownTime":null,\
        "registerTime":0,"unregisterTime":null,"pausedRanges":[],"showMarkersInTimeline":true,\
        "name":\(jsonText(name)),"isMainThread":\(isMain),\
        "processName":\(jsonText(thread.process)),"pid":"\(thread.pid)","tid":\(thread.tid),
        """)
  }
}

/// The kinds of code and events by which a profile is colored.
enum FirefoxCategory: Int, CaseIterable {
  case other, user, kernel, compiled, unnamed, collection, exception, scheduler

  var name: String {
    switch self {
    case .other: "Other"
    case .user: "Native"
    case .kernel: "Kernel"
    case .compiled: "JIT"
    case .unnamed: "Unnamed"
    case .collection: "GC"
    case .exception: "Exceptions"
    case .scheduler: "Scheduler"
    }
  }

  var color: String {
    switch self {
    case .other: "grey"
    case .user: "yellow"
    case .kernel: "orange"
    case .compiled: "green"
    case .unnamed: "darkgrey"
    case .collection: "purple"
    case .exception: "red"
    case .scheduler: "blue"
    }
  }

  /// The category of a frame.
  init(_ frame: StackFrame) {
    switch frame.kind {
    case .unresolved: self = .unnamed
    case .function where frame.module == "[k]": self = .kernel
    case .function where frame.module == "[jit]": self = .compiled
    default: self = .user
    }
  }

  /// The category of an event.
  init(_ schema: EventSchema) {
    self = .other
    guard schema.provider == RuntimeSchema.providerName else { return }
    if schema.name.hasPrefix("GC") { self = .collection }
    if schema.name.hasPrefix("Exception") { self = .exception }
    if schema.name.hasPrefix("Method") { self = .compiled }
  }
}

extension OutputBuffer {
  /// Writes nanoseconds as milliseconds with six decimals.
  mutating func append(milliseconds time: Int64) {
    if time < 0 { append("-") }
    append(decimal: time.magnitude / 1_000_000)
    append(".")
    append(sixDigits: time.magnitude % 1_000_000)
  }
}

extension TraceTimeline {
  /// Returns the nodes of each thread's stacks, callers first.
  func nodesByThread() -> [[UInt32]] {
    var nodes = [[UInt32]](repeating: [], count: threads.count)
    let paths = StackPaths(profile.stacks)
    for node in 1..<max(owners.count, 1) where owners[node] >= 0 && paths.isFunction(node) {
      nodes[Int(owners[node])].append(UInt32(node))
    }
    return nodes
  }
}
