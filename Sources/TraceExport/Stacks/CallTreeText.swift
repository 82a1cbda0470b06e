internal import TraceAnalysis

/// A call tree from the outermost frame inwards, most expensive branches first:
///
///     incl %  excl %  incl ms
///      100.0          6,200.1  Process node (1234)
///       98.2          6,088.5    node!main
///       60.1     0.4  3,726.3    ├─ node!render
///       59.7    59.7  3,701.5    │  libc.so.6!memcpy
///       38.0    38.0  2,356.0    └─ [jit]!fib (tier 1)
///
/// An only callee is written directly below its caller without indentation; only branches are
/// indented.
struct CallTreeText {
  private let calls: CallTree
  private let frames: FrameTable
  private let unit: StackUnit
  private let smallest: UInt64
  private let showsExclusive: Bool
  private let total: UInt64
  private let amountWidth: Int

  /// Creates the text. Nodes below `threshold`, a share of the whole from 0 to 1, are omitted.
  /// Without `showsExclusive` that column is omitted, because callers have no amount of their own.
  init(
    _ calls: CallTree, _ frames: FrameTable, _ unit: StackUnit, threshold: Double,
    showsExclusive: Bool = true
  ) {
    self.calls = calls
    self.frames = frames
    self.unit = unit
    self.showsExclusive = showsExclusive
    total = unit.amount(of: calls.total)
    smallest = max(nearestWhole((Double(total) * min(max(threshold, 0), 1)).rounded(.up)), 1)
    amountWidth = max(unit.text(total).count, "incl \(unit.heading)".count)
  }

  /// A line still to be written.
  private struct Line {
    /// The node; nil for the line that stands for `others` omitted callees with `amount` in total.
    var node: StackTree.Node?
    var others = 0
    var amount: UInt64
    /// Prefix of the name, and of the names below it.
    var lead: String
    var indent: String
  }

  /// Writes lines of at most `width` columns, as far as the indentation allows.
  func write(to output: inout OutputBuffer, width: Int?) {
    let heading = columns("incl %", "excl %", "incl \(unit.heading)")
    output.append(text: heading + "function\n")
    var lines = callees(of: StackTree.root, indent: nil)
    while let line = lines.popLast(), output.failure == 0 {
      let room = width.map { max($0 - heading.count - line.lead.count, 24) }
      output.append(text: text(line, room: room) + "\n")
      if let node = line.node { lines += callees(of: node, indent: line.indent) }
    }
  }

  private func columns(_ share: String, _ own: String, _ amount: String) -> String {
    let exclusive = showsExclusive ? own.indented(to: 6) + "  " : ""
    return share.indented(to: 6) + "  " + exclusive + amount.indented(to: amountWidth) + "  "
  }

  private func text(_ line: Line, room: Int?) -> String {
    var own: UInt64 = 0
    var name = "(\(counted(line.others, "other")))"
    if let node = line.node {
      own = unit.amount(of: calls.tree.exclusive[node])
      name = escaped(frames[calls.tree.frames[node]].name, .text).shortened(to: room)
    }
    return columns(percent(line.amount, of: total), percent(own, of: total), unit.text(line.amount))
      + line.lead + name
  }

  /// Returns the lines directly below a node's, in reverse order. `indent` is nil for the root,
  /// which has no indentation.
  private func callees(of node: StackTree.Node, indent: String?) -> [Line] {
    let all = calls.children(of: node, by: unit.amount(of:))
    let shown = all.prefix { unit.amount(of: calls.inclusive[$0]) >= smallest }
    var lines = shown.map {
      Line(node: $0, amount: unit.amount(of: calls.inclusive[$0]), lead: "", indent: "")
    }
    let rest = all.dropFirst(shown.count)
      .reduce(UInt64(0)) { $0 &+ unit.amount(of: calls.inclusive[$1]) }
    if rest >= smallest {
      lines.append(
        Line(node: nil, others: all.count - shown.count, amount: rest, lead: "", indent: ""))
    }
    for index in lines.indices {
      guard let indent else {
        lines[index].indent = "  "
        continue
      }
      let isLast = index == lines.count - 1
      let isOnly = lines.count == 1
      lines[index].lead = indent + (isOnly ? "" : isLast ? "└─ " : "├─ ")
      lines[index].indent = indent + (isOnly ? "" : isLast ? "   " : "│  ")
    }
    return lines.reversed()
  }
}
