internal import TraceAnalysis
internal import TraceExport
internal import TraceFormat

/// The lines of a function with what they cost, and their text where it can be read.
enum SourceRoute {
  /// Lines shown before the first and after the last that costs something.
  private static let around: UInt32 = 12
  static let linesMax = 2000
  static let lineBytesMax = 600

  /// The function is given by its name in the flame graph: `module!function (mark)`.
  static func answer(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    guard let name = query.text("function") else {
      throw Refusal(400, "The parameter 'function' is missing.")
    }
    var options = try StackRoute.selected(file, query, place)
    options.detail = SourceDetail(lines: true, inlined: true)
    let pass = StackProfilePass(options, isWall: query.flag("wall"))
    let lines = SourceLines(name, try pass.report(from: Replay(file)))
    guard lines.isFound else {
      throw Refusal(404, "This function is in no stack here.")
    }
    return write(lines, file, place)
  }

  private static func write(
    _ lines: SourceLines, _ file: TraceFile, _ place: Workplace
  ) -> Answer {
    var source: SourceFile?
    var reason: String?
    do throws(Refusal) {
      guard !lines.file.isEmpty else {
        throw Refusal(
          404, "The lines of this function are not known: it has no debug information here.")
      }
      source = try SourceFile(lines.file, below: place.options.symbolPath)
    } catch { reason = error.sentence }
    let first = max(1, Int(lines.costs.keys.min() ?? 1) - Int(around))
    let last = min(Int(lines.costs.keys.max() ?? 0) + Int(around), source?.lines.count ?? 0)
    return Answer { json in
      json.field("unit", lines.unit)
      json.field("file", lines.file.cut(bytes: 1000))
      json.field("path", source?.path.cut(bytes: 1000))
      json.field("reason", reason)
      json.field("is_newer", (source?.changed_ns ?? .min) > file.startUnixNanoseconds)
      json.field("without_line", lines.withoutLine)
      json.field("elsewhere", lines.elsewhere)
      let rows = lines.costs.sorted { $0.key < $1.key }.prefix(linesMax)
      json.field("lines", each: rows) { json, row in
        json.field("line", row.key)
        json.field("exclusive", row.value.exclusive)
        json.field("inclusive", row.value.inclusive)
      }
      json.field("first", first)
      let text = source?.lines ?? []
      json.field(
        "text",
        first <= last
          ? text[(first - 1)..<min(last, first - 1 + linesMax)].map {
            String($0).cut(bytes: lineBytesMax)
          } : [])
    }
  }
}

/// The cost of a function by line.
///
/// - Guarantee: a stack counts once for each line of the function that it contains.
struct SourceLines {
  struct Cost: Hashable {
    var exclusive: UInt64 = 0
    var inclusive: UInt64 = 0
  }

  let unit: String
  private(set) var isFound = false
  /// The file with the largest cost; empty if none is known.
  private(set) var file = ""
  private(set) var costs: [UInt32: Cost] = [:]
  /// What the function's own code costs for which no line is known, and in other files.
  private(set) var withoutLine: UInt64 = 0
  private(set) var elsewhere: UInt64 = 0

  init(_ name: String, _ profile: StackProfile) {
    let report = profile.stacks
    unit = report.unit.name
    let isOwn = report.frames.frames.map { frame in
      var plain = frame
      plain.place = ""
      return plain.name.cut(bytes: FlameRoute.nameBytesMax) == name
    }
    var files: [String: [UInt32: Cost]] = [:]
    for entry in report.calls.byName(frameCount: report.frames.count) {
      let number = Int(entry.frame.rawValue)
      guard isOwn[number] else { continue }
      isFound = true
      let origin = profile.origins[number]
      let inclusive = report.unit.amount(of: entry.inclusive)
      guard !origin.file.isEmpty, origin.line > 0 else {
        withoutLine = withoutLine.addingCapped(inclusive)
        continue
      }
      // Lines of different files can have the same short name, and so the same frame.
      var cost = files[origin.file]?[origin.line] ?? Cost()
      cost.exclusive = cost.exclusive.addingCapped(report.unit.amount(of: entry.exclusive))
      cost.inclusive = cost.inclusive.addingCapped(inclusive)
      files[origin.file, default: [:]][origin.line] = cost
    }
    func sum(_ lines: [UInt32: Cost]) -> UInt64 {
      lines.values.reduce(0) { $0.addingCapped($1.inclusive) }
    }
    let main = files.max { (sum($0.value), $1.key) < (sum($1.value), $0.key) }
    (file, costs) = (main?.key ?? "", main?.value ?? [:])
    for (name, lines) in files where name != file { elsewhere = elsewhere.addingCapped(sum(lines)) }
  }
}
