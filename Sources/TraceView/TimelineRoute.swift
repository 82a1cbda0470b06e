internal import TraceExport
internal import TraceFormat

/// The timeline's lanes for a range and a number of columns.
enum TimelineRoute {
  static func answer(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    let number = try query.number("file", in: 0...9, default: 0)
    let timeline = try place.timeline(number)
    let columns = try query.number("columns", in: 1...TimelineView.columnsMax, default: 1000)
    let view = TimelineView(
      timeline, try query.time(), columns: columns, expanded: try query.ids("expand"))
    return Answer { view.write(to: &$0) }
  }
}
