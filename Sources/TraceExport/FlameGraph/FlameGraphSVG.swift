internal import TraceAnalysis

/// A flame graph as one SVG file that any browser opens, without network: a click zooms, and the
/// search marks functions. Compared with a base, red boxes are a larger share of the whole than in
/// the base, and blue ones a smaller.
public struct FlameGraphSVG: Renderer {
  public let format = OutputFormat(
    "svg", fileExtensions: ["svg"], summary: "a flame graph for a browser")

  public init() {}

  static let width = 1200
  private static let rowHeight = 18
  private static let top = 70

  /// Writes the whole graph. Names are text, never markup.
  ///
  /// - Cost: memory for the boxes, at most 4,000 on each level.
  public func render(
    _ graph: FlameGraph, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let tree = FlameTree(graph)
    let height = Self.top + (tree.depth + 1) * Self.rowHeight + 30
    output.append(
      text: """
        <svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="\(Self.width)" \
        height="\(height)" viewBox="0 0 \(Self.width) \(height)">
        <style>
        """)
    output.append(FlameScript.style)
    output.append("</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n")
    heading(graph, tree, to: &output)
    for box in tree.boxes {
      if output.failure != 0 { return }
      write(box, graph, tree, to: &output)
    }
    output.append(
      text: "<text class=\"note\" id=\"info\" x=\"10\" y=\"\(height - 12)\"></text>\n")
    output.append("<script><![CDATA[\n")
    output.append(FlameScript.code)
    output.append("\n]]></script>\n</svg>\n")
  }

  private func heading(
    _ graph: FlameGraph, _ tree: FlameTree, to output: inout OutputBuffer
  ) {
    let stacks = graph.stacks
    let what =
      stacks.wall != nil
      ? "wall-clock time"
      : stacks.isSamples ? "CPU time" : stacks.eventNames.joined(separator: ", ")
    var notes = ["\(stacks.unit.text(tree.total)) \(stacks.unit.heading) of \(what)"]
    if case .field(let name, _) = stacks.unit { notes[0] += ", \(name)" }
    if let base = graph.base {
      notes.append("red grew and blue shrank, as shares, since \(base.trace)")
    }
    if stacks.lost.events > 0 { notes.append("\(grouped(stacks.lost.events)) events were lost") }
    if tree.hidden > 0 { notes.append("\(grouped(UInt64(tree.hidden))) small boxes are not drawn") }
    if !stacks.partial.isEmpty { notes.append("the trace is incomplete") }
    text(stacks.trace, "title", x: 10, y: 28, to: &output)
    text(notes.joined(separator: " · "), "note", x: 10, y: 50, to: &output)
    for (x, id, label, style) in [
      (1130, "search", "search", ""), (1080, "clear", "clear", "display:none"),
      (990, "reset", "reset zoom", "display:none"),
    ] {
      output.append(
        text: "<text class=\"note button\" id=\"\(id)\" x=\"\(x)\" y=\"28\" style=\"\(style)\">"
          + "\(label)</text>\n")
    }
  }

  private func text(
    _ text: String, _ kind: String, x: Int, y: Int, to output: inout OutputBuffer
  ) {
    output.append(text: "<text class=\"\(kind)\" x=\"\(x)\" y=\"\(y)\">")
    output.append(text: Self.quoted(text))
    output.append("</text>\n")
  }

  private func write(
    _ box: FlameTree.Box, _ graph: FlameGraph, _ tree: FlameTree, to output: inout OutputBuffer
  ) {
    let name = Self.quoted(FlameTree.name(of: box.node, in: graph.stacks))
    let (x, share) = (Self.share(box.start, tree.total), Self.share(box.amount, tree.total))
    let unit = graph.stacks.unit
    var numbers =
      "\(unit.text(box.amount)) \(unit.heading), \(percentage(box.amount, of: tree.total))"
    if graph.base != nil { numbers += "; before \(percentage(box.base, of: tree.baseTotal))" }
    let title = "\(name): \(Self.quoted(numbers))"
    let y = Self.top + box.depth * Self.rowHeight
    let color = FlameColor.color(of: box, graph, tree)
    output.append(
      text: """
        <g class="box" data-n="\(name)" data-x="\(x)" data-w="\(share)" data-d="\(box.depth)">\
        <title>\(title)</title><rect x="\(10 + x * 1180)" y="\(y)" width="\(share * 1180)" \
        height="\(Self.rowHeight - 1)" fill="\(color)"/>\
        <text x="\(13 + x * 1180)" y="\(y + 13)"></text></g>

        """)
  }

  private static func share(_ part: UInt64, _ whole: UInt64) -> Double {
    whole == 0 ? 0 : (Double(part) / Double(whole) * 1e9).rounded() / 1e9
  }

  /// Returns text for an element or an attribute. Control characters, which XML cannot hold, are
  /// escapes.
  static func quoted(_ text: String) -> String {
    var result = ""
    for scalar in exported(text).unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// Colors of boxes.
enum FlameColor {
  /// By the kind of code; compared with a base, by the change.
  static func color(of box: FlameTree.Box, _ graph: FlameGraph, _ tree: FlameTree) -> String {
    guard graph.base == nil else { return change(of: box, tree) }
    guard box.node != StackTree.root else { return "#e8e8ed" }
    let frame = graph.stacks.frames[graph.stacks.calls.tree.frames[box.node]]
    let tone = Int(frame.name.utf8.reduce(UInt32(7)) { $0 &* 31 &+ UInt32($1) } % 16)
    let hue: Int
    switch frame.kind {
    case .process, .thread, .group: return "#d2d2d7"
    case .state: hue = 210
    case .unresolved: return "hsl(0,0%,\(78 + tone / 3)%)"
    case .function: hue = frame.module == "[k]" ? 28 : frame.module == "[jit]" ? 130 : 45
    }
    return "hsl(\(hue + tone / 2 - 4),\(70 + tone)%,\(68 + tone / 2)%)"
  }

  private static func change(of box: FlameTree.Box, _ tree: FlameTree) -> String {
    let now = tree.total == 0 ? 0 : Double(box.amount) / Double(tree.total)
    let before = tree.baseTotal == 0 ? 0 : min(Double(box.base) / Double(tree.baseTotal), 1)
    // The square root makes small changes visible.
    let strength = Int(((now - before).magnitude.squareRoot() * 45).rounded())
    return now == before ? "#ececf0" : "hsl(\(now > before ? 4 : 214),80%,\(93 - strength)%)"
  }
}
