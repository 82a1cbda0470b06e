internal import TraceAnalysis
internal import TraceEvents
internal import TraceFormat

/// The tables of a Firefox profile: strings, sources and libraries, which all threads share, and
/// the tables of each thread.
struct FirefoxTables {
  private let profile: StackProfile
  private let paths: StackPaths
  private var strings: [String: Int] = [:]
  private var stringOrder: [String] = []
  private var sources: [String: Int] = [:]
  private var sourceOrder: [Int] = []
  /// Position in the list of libraries of each module; nil if it is no image.
  private var libraries: [Int?] = []
  /// Position of each node in the stack table of its thread.
  private var positions: [UInt32]
  /// Position of each frame in the frame table of the thread that is written.
  private var numbers: [UInt32]
  /// Name and source of each frame that was met.
  private var functions: [(name: Int, source: Int?)?]

  init(_ profile: StackProfile) {
    self.profile = profile
    paths = StackPaths(profile.stacks)
    positions = [UInt32](repeating: 0, count: profile.stacks.calls.tree.count)
    numbers = [UInt32](repeating: Self.notMet, count: profile.stacks.frames.count)
    functions = [(name: Int, source: Int?)?](repeating: nil, count: numbers.count)
    var count = 0
    for module in profile.modules {
      let isImage = module.source == .image
      libraries.append(isImage ? count : nil)
      if isImage { count += 1 }
    }
  }

  private static let notMet = UInt32.max

  /// Returns the number of a string.
  mutating func string(_ text: String) -> Int {
    if let known = strings[text] { return known }
    strings[text] = stringOrder.count
    stringOrder.append(text)
    return stringOrder.count - 1
  }

  private mutating func source(_ file: String) -> Int? {
    if file.isEmpty { return nil }
    if let known = sources[file] { return known }
    sources[file] = sourceOrder.count
    sourceOrder.append(string(file))
    return sourceOrder.count - 1
  }

  /// Writes the images.
  func writeLibraries(to output: inout OutputBuffer) {
    var isFirst = true
    for module in profile.modules where module.source == .image {
      let (name, path) = (jsonText(module.name), jsonText(module.path))
      let hex = module.buildID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      output.append(
        text: """
          \(isFirst ? "" : ",\n"){"arch":\(jsonText(profile.session.machine.architecture)),\
          "name":\(name),"path":\(path),"debugName":\(name),"debugPath":\(path),\
          "breakpadId":"\(Self.breakpadID(module.buildID))",\
          "codeId":\(hex.isEmpty ? "null" : "\"\(hex)\"")}
          """)
      isFirst = false
    }
  }

  /// The first 16 bytes of a build id as a GUID, whose first three numbers are little-endian, and a
  /// zero.
  private static func breakpadID(_ build: [UInt8]) -> String {
    if build.isEmpty { return "" }
    let bytes = Array((build + [UInt8](repeating: 0, count: 16)).prefix(16))
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    return order.map { (bytes[$0] < 16 ? "0" : "") + String(bytes[$0], radix: 16) }.joined()
      .uppercased() + "0"
  }

  /// Writes the strings, and the end of the shared tables.
  mutating func writeStrings(to output: inout OutputBuffer) {
    for (index, text) in stringOrder.enumerated() {
      output.append(text: (index > 0 ? "," : "") + jsonText(text))
    }
    output.append("],\"sources\":")
    Self.table(&output, sourceOrder.count) {
      $0.column("uuid", sourceOrder, of: "null")
      $0.column("filename", sourceOrder) { $0.append(decimal: UInt64($1)) }
    }
  }

  /// Writes an object of columns and their length.
  static func table(
    _ output: inout OutputBuffer, _ count: Int, _ body: (inout OutputBuffer) -> Void
  ) {
    output.append(text: "{\"length\":\(count)")
    body(&output)
    output.append("}")
  }

  /// Writes the samples of a thread, and the tables that they need.
  mutating func write(
    _ timeline: TraceTimeline, order: [UInt32], nodes: [UInt32],
    to output: inout OutputBuffer
  ) {
    for (position, node) in nodes.enumerated() { positions[Int(node)] = UInt32(position) }
    writeSamples(timeline, order, to: &output)
    var frames: [Int] = []
    for node in nodes {
      let frame = paths.frame(of: Int(node))
      guard numbers[frame] == Self.notMet else { continue }
      numbers[frame] = UInt32(truncatingIfNeeded: frames.count)
      frames.append(frame)
    }
    output.append(",\"stackTable\":")
    writeStacks(nodes, to: &output)
    for frame in frames { numbers[frame] = Self.notMet }
    writeFrames(frames, to: &output)
  }

  private func writeStacks(_ nodes: [UInt32], to output: inout OutputBuffer) {
    let (paths, positions, numbers) = (paths, positions, numbers)
    Self.table(&output, nodes.count) {
      $0.column("frame", nodes) {
        $0.append(decimal: UInt64(numbers[paths.frame(of: Int($1))]))
      }
      $0.column("prefix", nodes) {
        let caller = paths.caller(of: Int($1))
        if paths.isFunction(caller) {
          $0.append(decimal: UInt64(positions[caller]))
        } else {
          $0.append("null")
        }
      }
    }
  }

  private func writeSamples(
    _ timeline: TraceTimeline, _ order: [UInt32], to output: inout OutputBuffer
  ) {
    let unit = profile.stacks.unit
    let samples = timeline.samples
    let isTime = unit == .cpuTime || unit == .wallTime
    output.append("\"samples\":")
    let (paths, positions) = (paths, positions)
    Self.table(&output, order.count) {
      $0.append(
        isTime
          ? ",\"weightType\":\"tracing-ms\""
          : unit.hint == .bytes
            ? ",\"weightType\":\"bytes\""
            : ",\"weightType\":\"samples\"")
      $0.column("stack", order) {
        let node = Int(samples[Int($1)].node)
        if paths.isFunction(node) {
          $0.append(decimal: UInt64(positions[node]))
        } else {
          $0.append("null")
        }
      }
      $0.column("time", order) { $0.append(milliseconds: samples[Int($1)].time) }
      $0.column("weight", order) {
        let weight = samples[Int($1)].weight
        if isTime {
          $0.append(milliseconds: Int64(clamping: weight))
        } else {
          $0.append(decimal: weight)
        }
      }
      guard isTime else { return }
      $0.column("threadCPUDelta", order) { $0.append(decimal: samples[Int($1)].weight) }
    }
  }

  private mutating func writeFrames(_ frames: [Int], to output: inout OutputBuffer) {
    let (stacks, origins) = (profile.stacks, profile.origins)
    let all = Array(frames.indices)
    output.append(",\"frameTable\":")
    Self.table(&output, frames.count) {
      $0.column("address", all, of: "-1")
      $0.column("inlineDepth", all) {
        $0.append(stacks.frames.frames[frames[$1]].isInlined ? "1" : "0")
      }
      $0.column("category", all) {
        let category = FirefoxCategory(stacks.frames.frames[frames[$1]])
        $0.append(decimal: UInt64(category.rawValue))
      }
      $0.column("subcategory", all, of: "0")
      $0.column("func", all) { $0.append(decimal: UInt64($1)) }
      $0.column("nativeSymbol", all, of: "null")
      $0.column("innerWindowID", all, of: "null")
      $0.column("column", all, of: "null")
      $0.column("line", all) {
        let line = origins[frames[$1]].line
        if line > 0 { $0.append(decimal: UInt64(line)) } else { $0.append("null") }
      }
    }
    writeFunctions(frames, to: &output)
    output.append(",\"nativeSymbols\":{\"length\":0,\"libIndex\":[],\"address\":[],\"name\":[],")
    output.append("\"functionSize\":[]}")
  }

  /// Returns the numbers of a frame's name and source.
  private mutating func function(_ frame: Int) -> (name: Int, source: Int?) {
    if let known = functions[frame] { return known }
    let name = string(exported(profile.stacks.frames.frames[frame].exportedName))
    let source = source(exported(profile.origins[frame].file))
    functions[frame] = (name, source)
    return (name, source)
  }

  private mutating func writeFunctions(_ frames: [Int], to output: inout OutputBuffer) {
    var names: [Int] = []
    var files: [Int?] = []
    var resources: [Int] = []
    var numbers: [Int: Int] = [:]
    var modules: [Int] = []
    for frame in frames {
      let (name, source) = function(frame)
      names.append(name)
      files.append(source)
      guard let module = profile.origins[frame].module else {
        resources.append(-1)
        continue
      }
      if numbers[module] == nil {
        numbers[module] = modules.count
        modules.append(module)
      }
      resources.append(numbers[module] ?? -1)
    }
    output.append(",\"funcTable\":")
    Self.table(&output, frames.count) {
      $0.column("name", names) { $0.append(decimal: UInt64($1)) }
      $0.column("isJS", names, of: "false")
      $0.column("relevantForJS", names, of: "false")
      $0.column("resource", resources) { $0.append(text: "\($1)") }
      $0.column("source", files) { $0.append(text: $1.map { "\($0)" } ?? "null") }
      $0.column("lineNumber", names, of: "null")
      $0.column("columnNumber", names, of: "null")
    }
    let moduleNames = modules.map { string(exported(profile.modules[$0].shownName)) }
    let libraries = modules.map { self.libraries[$0] }
    output.append(",\"resourceTable\":")
    Self.table(&output, modules.count) {
      $0.column("lib", libraries) { $0.append(text: $1.map { "\($0)" } ?? "null") }
      $0.column("name", moduleNames) { $0.append(decimal: UInt64($1)) }
      $0.column("host", modules, of: "null")
      $0.column("type", libraries) { $0.append($1 == nil ? "0" : "1") }
    }
  }
}

extension OutputBuffer {
  /// Writes a column of a table.
  mutating func column<Values: Sequence>(
    _ name: StaticString, _ values: Values,
    _ body: (inout OutputBuffer, Values.Element) -> Void
  ) {
    append(",\"")
    append(name)
    append("\":[")
    var isFirst = true
    for value in values {
      if !isFirst { append(",") }
      isFirst = false
      body(&self, value)
    }
    append("]")
  }

  /// Writes a column of equal values.
  mutating func column(_ name: StaticString, _ values: some Sequence, of value: StaticString) {
    column(name, values) { output, _ in output.append(value) }
  }
}
