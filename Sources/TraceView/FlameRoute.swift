internal import TraceAnalysis
internal import TraceExport
internal import TraceFormat

/// The call tree as columns of numbers, for the flame graph and the callers and callees of
/// functions.
enum FlameRoute {
  /// Maximum number of nodes sent. Of larger trees, the largest nodes are.
  static let nodesMax = 120_000
  /// Maximum bytes of a name sent.
  static let nameBytesMax = 2000

  static func answer(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    let book = FrameBook()
    let report = try StackRoute.report(file, query, place, book: book)
    let origins = book.origins(of: report.frames).origins
    return Answer { json in FlameTree(report).write(report, origins, to: &json) }
  }
}

/// The largest nodes of a report's call tree, callers first.
private struct FlameTree {
  private(set) var callers: [Int] = []
  private(set) var frames: [Int] = []
  private(set) var exclusive: [UInt64] = []
  private(set) var inclusive: [UInt64] = []
  /// The frames that occur, in the order of their first node.
  private(set) var used: [FrameID] = []
  private(set) var isCut = false

  init(_ report: StackReport) {
    let calls = report.calls
    let unit = report.unit
    let least = Self.least(calls, unit)
    isCut = least > 1
    var numbers: [FrameID: Int] = [:]
    var waiting: [(node: StackTree.Node, caller: Int)] = [(StackTree.root, -1)]
    while let next = waiting.popLast() {
      var caller = next.caller
      if next.node != StackTree.root {
        caller = callers.count
        let frame = calls.tree.frames[next.node]
        let number = numbers[frame] ?? used.count
        if number == used.count, numbers[frame] == nil {
          numbers[frame] = number
          used.append(frame)
        }
        callers.append(next.caller)
        frames.append(number)
        exclusive.append(unit.amount(of: calls.tree.exclusive[next.node]))
        inclusive.append(unit.amount(of: calls.inclusive[next.node]))
      }
      for child in calls.children(of: next.node, by: unit.amount(of:)).reversed()
      where unit.amount(of: calls.inclusive[child]) >= least {
        waiting.append((child, caller))
      }
    }
  }

  /// The least amount of a node that is sent.
  private static func least(_ calls: CallTree, _ unit: StackUnit) -> UInt64 {
    guard calls.tree.count > FlameRoute.nodesMax else { return 1 }
    let amounts = calls.inclusive.map(unit.amount(of:)).sorted(by: >)
    return max(1, amounts[FlameRoute.nodesMax])
  }

  func write(_ report: StackReport, _ origins: [FrameOrigin], to json: inout OutputBuffer) {
    json.field("unit", report.unit.name)
    json.field("total", report.unit.amount(of: report.calls.total))
    json.field("samples", report.calls.total.count)
    json.field("is_cut", isCut)
    json.field("frames", each: used) { json, id in
      let frame = report.frames[id]
      json.field("name", frame.name.cut(bytes: FlameRoute.nameBytesMax))
      json.field("module", frame.module.cut(bytes: FlameRoute.nameBytesMax))
      json.field("kind", frame.kind.rawValue)
      json.field("mark", frame.mark)
      let origin = origins[Int(id.rawValue)]
      guard frame.kind == .function, let lifetime = origin.lifetime else { return }
      // As text: addresses of the kernel are larger than the page's numbers.
      json.field("address", "0x" + String(origin.address, radix: 16))
      // What is not known to be limited has no number.
      json.field("from_ns", lifetime.lowerBound == .min ? nil : lifetime.lowerBound)
      json.field("to_ns", lifetime.upperBound == .max ? nil : lifetime.upperBound)
    }
    json.field("caller", numbers: callers)
    json.field("frame", numbers: frames)
    json.field("exclusive", numbers: exclusive)
    json.field("inclusive", numbers: inclusive)
  }
}

extension String {
  /// The text, shortened to at most this many bytes and marked with `…`.
  func cut(bytes limit: Int) -> String {
    guard utf8.count > limit else { return self }
    return String(decoding: utf8.prefix(limit), as: UTF8.self) + "…"
  }
}
