internal import TraceAnalysis
internal import TraceExport

/// A flame graph as inline SVG: each function has its amounts as a title, which browsers show
/// without a script.
struct PageFlames {
  private static let width = 1270.0
  private static let rowHeight = 17
  private static let depthMax = 60
  private static let boxesMax = 6000

  let report: StackReport

  func write(to page: inout HTMLText) {
    let total = Double(report.unit.amount(of: report.calls.total))
    guard total > 0 else { return }
    let boxes = boxes(total)
    let depth = boxes.map(\.depth).max() ?? 0
    let height = (depth + 1) * Self.rowHeight
    page.raw("<figure><svg class=\"flame\" viewBox=\"0 0 1270 \(height)\" role=\"img\">")
    page.element("title", "Flame graph: callers above callees")
    for box in boxes { write(box, total, to: &page) }
    page.raw("</svg></figure>\n")
  }

  private struct Box {
    var node: StackTree.Node
    var x: Double
    var width: Double
    var depth: Int
  }

  private func boxes(_ total: Double) -> [Box] {
    let unit = report.unit
    var result: [Box] = []
    var waiting = [Box(node: StackTree.root, x: 0, width: Self.width, depth: -1)]
    while let box = waiting.popLast(), result.count < Self.boxesMax {
      if box.node != StackTree.root { result.append(box) }
      guard box.depth + 1 < Self.depthMax else { continue }
      var x = box.x
      for child in report.calls.children(of: box.node, by: unit.amount(of:)) {
        let width = Double(unit.amount(of: report.calls.inclusive[child])) / total * Self.width
        if width < 1 { break }
        waiting.append(Box(node: child, x: x, width: width, depth: box.depth + 1))
        x += width
      }
    }
    return result
  }

  private func write(_ box: Box, _ total: Double, to page: inout HTMLText) {
    let frame = report.frames[report.calls.tree.frames[box.node]]
    let inclusive = Double(report.unit.amount(of: report.calls.inclusive[box.node]))
    let exclusive = Double(report.unit.amount(of: report.calls.tree.exclusive[box.node]))
    let y = box.depth * Self.rowHeight
    let style = frame.module == "[k]" ? "k" : frame.module == "[jit]" ? "j" : "u\(box.node % 4)"
    page.raw("<g><title>")
    page.text(frame.name, limit: 300)
    page.raw(": \(percent(inclusive / total)), itself \(percent(exclusive / total))</title>")
    page.raw(
      "<rect class=\"\(style)\" x=\"\(tenths(box.x))\" y=\"\(y)\""
        + " width=\"\(tenths(box.width - 0.6))\" height=\"\(Self.rowHeight - 1)\"/>")
    let letters = Int(box.width / 6.6)
    if letters > 3 {
      let name = frame.name
      page.raw("<text x=\"\(tenths(box.x + 3))\" y=\"\(y + 12)\">")
      page.text(name.count > letters ? String(name.prefix(letters - 1)) + "…" : name, limit: 400)
      page.raw("</text>")
    }
    page.raw("</g>\n")
  }

  private func tenths(_ value: Double) -> String {
    let whole = Int((max(0.1, value) * 10).rounded())
    return "\(whole / 10).\(whole % 10)"
  }

  private func percent(_ share: Double) -> String { "\(tenths(share * 100)) %" }
}
