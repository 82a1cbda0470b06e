internal import TraceAnalysis
internal import TraceEvents
internal import TraceExport
internal import TraceFormat

/// What changed between the two traces.
enum CompareRoute {
  /// Makes the report that `tracectl compare` makes.
  static func answer(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    guard place.options.paths.count == 2 else {
      throw Refusal(404, "There is only one trace; give two to compare them.")
    }
    let divisor: RunDivisor =
      switch query.text("per") ?? "second" {
      case "second": .second
      case "run": .run
      case "cpu": .cpu
      case "request": .request
      case let name: .event(name)
      }
    var selection = try query.selection()
    // Times of two runs do not correspond.
    selection.time = nil
    let base = try profile(file, selection, divisor, place)
    let new = try profile(place.file(1), selection, divisor, place)
    var report = Comparison(base: [base], new: [new], per: divisor).report(hasTree: true)
    report.sortsByInclusive = query.flag("inclusive")
    return try ReportRoute.answer(report, query)
  }

  private static func profile(
    _ file: TraceFile, _ selection: ReportSelection, _ divisor: RunDivisor, _ place: Workplace
  ) throws -> RunProfile {
    let pass = RunProfilePass(selection, per: divisor, symbols: place.symbols)
    return try pass.report(from: Replay(file))
  }
}
