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
    let other = try place.file(1)
    let divisor: RunDivisor =
      switch query.text("per") {
      case nil: try RunDivisor.usual(for: [file, other])
      case "second": .second
      case "run": .run
      case "cpu": .cpu
      case "request": .request
      case let name?: .event(name)
      }
    var selection = try query.selection()
    // Times of two runs do not correspond.
    selection.time = nil
    let base = try profile(file, selection, divisor, query, place)
    let new = try profile(other, selection, divisor, query, place)
    if Comparison.mismatch([base, new]) != nil {
      throw Refusal(
        400, "One trace shows \(base.quantity.name), and the other \(new.quantity.name).")
    }
    var report = Comparison(base: [base], new: [new], per: divisor).report(hasTree: true)
    report.sortsByInclusive = query.flag("inclusive")
    return try ReportRoute.answer(report, query)
  }

  private static func profile(
    _ file: TraceFile, _ selection: ReportSelection, _ divisor: RunDivisor, _ query: Query,
    _ place: Workplace
  ) throws -> RunProfile {
    var shown = StackOptions()
    try StackRoute.choose(&shown, file, query)
    let pass = RunProfilePass(selection, per: divisor, symbols: place.symbols, shown: shown)
    return try pass.report(from: Replay(file))
  }
}
