/// Charts of a timeline as inline SVG.
struct PageCharts {
  private static let width = 1120
  private static let height = 70
  private static let labels = 150

  let view: TimelineView

  /// Writes one chart for each lane that has something to show.
  func write(to page: inout HTMLText) {
    page.raw("<figure><svg class=\"chart\" viewBox=\"0 0 1280 \(totalHeight)\" role=\"img\">")
    page.element("title", "Events, CPU time, exceptions and pauses over time")
    var y = 0
    for row in rows {
      page.raw("<text x=\"0\" y=\"\(y + 40)\">")
      page.text(row.name, limit: 60)
      page.raw("</text>")
      bars(row.values, most: row.most, y: y, style: row.style, to: &page)
      if let lane = row.lane { pauses(lane, y: y, to: &page) }
      y += Self.height + 8
    }
    ruler(y, to: &page)
    page.raw("</svg></figure>\n")
  }

  private var totalHeight: Int { rows.count * (Self.height + 8) + 20 }

  private struct Row {
    var name: String
    var values: [Double]
    var most: Double
    var style: String
    var lane: Int?
  }

  private var rows: [Row] {
    var result: [Row] = []
    let density = view.density().map(Double.init)
    result.append(Row(name: "events", values: density, most: density.max() ?? 1, style: "d"))
    for process in view.processRows.prefix(8) {
      if let cpu = process.cpu {
        let most = max(view.width_ns, cpu.max() ?? 0)
        result.append(
          Row(name: "\(process.name) CPU", values: cpu, most: most, style: "c", lane: process.lane))
      }
      if let thrown = process.exceptions {
        result.append(
          Row(
            name: "\(process.name) exceptions", values: thrown, most: thrown.max() ?? 1, style: "x",
            lane: process.cpu == nil ? process.lane : nil))
      }
    }
    return result
  }

  private func bars(
    _ values: [Double], most: Double, y: Int, style: String, to page: inout HTMLText
  ) {
    var path = ""
    let step = Double(Self.width) / Double(max(1, values.count))
    for (index, value) in values.enumerated() where value > 0 {
      let height = max(1, min(1, value / max(most, 1e-9)) * Double(Self.height))
      let x = Double(Self.labels) + Double(index) * step
      path += "M\(fixed(x)) \(y + Self.height)v-\(fixed(height))h\(fixed(step))v\(fixed(height))z"
    }
    page.raw("<path class=\"\(style)\" d=\"\(path)\"/>")
  }

  private func pauses(_ lane: Int, y: Int, to page: inout HTMLText) {
    var path = ""
    for mark in view.pauseMarks where mark.lane == lane {
      let width = max(1, (place(mark.to) - place(mark.from)))
      path += "M\(fixed(place(mark.from))) \(y)v6h\(fixed(width))v-6z"
    }
    if !path.isEmpty { page.raw("<path class=\"g\" d=\"\(path)\"/>") }
  }

  private func place(_ moment: Int64) -> Double {
    let span = max(1, Double(view.time.upperBound) - Double(view.time.lowerBound))
    let share = (Double(moment) - Double(view.time.lowerBound)) / span
    return Double(Self.labels) + min(1, max(0, share)) * Double(Self.width)
  }

  private func ruler(_ y: Int, to page: inout HTMLText) {
    for part in 0...8 {
      let x = Double(Self.labels) + Double(part) / 8 * Double(Self.width)
      let low = Double(view.time.lowerBound)
      let moment = low + Double(part) / 8 * (Double(view.time.upperBound) - low)
      page.raw("<text class=\"r\" x=\"\(fixed(min(x, 1240)))\" y=\"\(y + 12)\">")
      page.raw("\(fixed(moment / 1e9)) s</text>")
    }
  }

  private func fixed(_ value: Double) -> String {
    let hundredths = Int(max(-1e12, min(1e12, (value * 100).rounded())))
    let rest = abs(hundredths % 100)
    let sign = hundredths < 0 && hundredths > -100 ? "-" : ""
    return rest == 0
      ? "\(hundredths / 100)" : "\(sign)\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
