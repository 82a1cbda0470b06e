import Glibc
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// Reads the stacks of a trace and prints them.
struct StackView {
  let file: TraceFile
  var selection = StackSelection.samples
  var shaping = StackShaping()
  var layout = StackLayout()
  var symbols = SymbolizerOptions()
  var detail = SourceDetail.none
  var unit = StackUnit.cpuTime
  /// The events as people call them.
  var eventName = "CPU samples"

  func run() throws {
    let symbolizer = Symbolizer(file, options: symbols)
    let collection: StackCollection
    do {
      try symbolizer.prepare()
      let frames = try SymbolizerFrames(symbolizer, detail: detail)
      collection = try StackCollection(file, selection, frames)
    } catch let error as FormatError {
      throw OpenTrace.failure(error, path: file.path)
    }
    guard collection.totals.metric.count > 0 else { throw nothing }
    var frames = collection.frames
    let tree = shaping.shape(collection.tree, &frames)
    let calls = CallTree(tree)
    guard calls.total.count > 0 else {
      throw Failure(
        .usage, "none of the \(grouped(collection.totals.metric.count)) stacks fits the patterns",
        next: "leave out -include or -exclude to see them")
    }
    var output = OutputBuffer(descriptor: STDOUT_FILENO)
    switch layout.format {
    case .folded: FoldedStacks(tree, frames, unit).write(to: &output)
    case .text: try write(collection.totals, calls, frames, to: &output)
    }
    output.flush()
    if output.failure != 0, output.failure != EPIPE {
      throw Failure("write to", "standard output", errno: output.failure)
    }
    if output.failure == 0, collection.tree.isCut {
      complain(
        "tracectl: \(escapedForTerminal(file.path)) has more different stacks than memory allows; "
          + "the innermost frames of some are left out")
    }
    if output.failure == 0, let damage = OpenTrace.damage(in: file) { throw damage }
    if output.failure == 0, let note = OpenTrace.unfinishedNote(file) { complain(note) }
  }

  /// Why there is nothing to show.
  private var nothing: Failure {
    let isFiltered =
      selection.filter.time != nil || selection.filter.pids != nil || selection.filter.tids != nil
      || selection.admits != nil
    let types = file.eventTypes.filter { selection.filter.admits?($0.schema) ?? true }
    let count = types.reduce(UInt64(0)) { $0 &+ $1.count }
    if count > 0, isFiltered {
      return Failure(
        .usage,
        "none of the \(grouped(count)) \(eventName) of \(file.path) is of these processes, "
          + "threads and times", next: "leave some of them out")
    }
    if unit == .cpuTime {
      return Failure(
        .dataError, "\(file.path) has no CPU samples",
        next: "collect with -providers CPU, or give -event to see another event's stacks")
    }
    return Failure(
      .dataError, "\(file.path) has no \(eventName)", next: "see 'tracectl info \(file.path)'")
  }

  private func write(
    _ totals: StackTotals, _ calls: CallTree, _ frames: FrameTable,
    to output: inout OutputBuffer
  ) throws(Failure) {
    let isShaped = calls.total != totals.metric
    let report = StackReport(
      file, totals, unit, eventName: eventName, shown: isShaped ? calls.total : nil)
    for line in report.heading { output.append(text: escapedForTerminal(line) + "\n") }
    if layout.showsNames {
      output.append(text: "\n")
      NameTableText(
        calls, frames, unit, limit: layout.nameLimit,
        sortsByInclusive: layout.sortsByInclusive
      ).write(to: &output, width: layout.width)
    }
    if let callers = layout.callers {
      let focus = try focus(on: callers, in: calls, frames)
      output.append(text: "\nCallers of \(escapedForTerminal(callers.description)):\n\n")
      write(calls.tree.callers(of: focus), frames, showsExclusive: false, to: &output)
    }
    if let callees = layout.callees {
      let focus = try focus(on: callees, in: calls, frames)
      output.append(text: "\nCallees of \(escapedForTerminal(callees.description)):\n\n")
      write(calls.tree.callees(of: focus), frames, showsExclusive: true, to: &output)
    }
    if layout.showsTree {
      output.append(text: "\nCall tree, without what has less than \(thresholdText):\n\n")
      CallTreeText(calls, frames, unit, threshold: layout.threshold)
        .write(to: &output, width: layout.width)
    }
  }

  private var thresholdText: String { "\(fixed(layout.threshold * 100, decimals: 1)) %" }

  private func write(
    _ tree: StackTree, _ frames: FrameTable, showsExclusive: Bool, to output: inout OutputBuffer
  ) {
    CallTreeText(
      CallTree(tree), frames, unit, threshold: layout.threshold, showsExclusive: showsExclusive
    ).write(to: &output, width: layout.width)
  }

  private func focus(
    on pattern: FramePattern, in calls: CallTree, _ frames: FrameTable
  ) throws(Failure) -> Set<FrameID> {
    let found = calls.byName(frameCount: frames.count).map(\.frame)
      .filter { pattern.matches(frames[$0].name) }
    guard !found.isEmpty else {
      throw Failure(
        .usage, "no function fits '\(pattern.description)'",
        next: "'tracectl stacks \(file.path) -by-name' lists them")
    }
    return Set(found)
  }
}
