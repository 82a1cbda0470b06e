internal import TraceEvents
public import TraceFormat

/// Makes an ``AllocationReport``.
///
/// - Cost: reads only the blocks with allocation and process events, and if the trace has stacks,
///   those about code. Memory grows with the number of types and stacks, which is limited.
public final class AllocationPass: ReportPass {
  /// Number of stacks reported for a process if there is no limit.
  private static let stacksDefault = 100

  private let processes: ProcessStates<AllocationCounts>
  private let symbols: SymbolizerOptions?
  private let listLimit: Int?

  /// - Parameters:
  ///   - symbols: where the names of stacks' frames are looked for; nil to leave out stacks.
  ///   - listLimit: the report's ``ProcessReport/listLimit``; also the number of stacks that the
  ///     report has for each process, 100 by default.
  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions? = SymbolizerOptions(), listLimit: Int? = nil
  ) {
    processes = ProcessStates(selection) { AllocationCounts() }
    self.symbols = symbols
    self.listLimit = listLimit
  }

  /// Subscribes to the events about allocations, processes and code.
  public func subscribe(to replay: Replay) {
    processes.subscribe(to: replay, symbols: symbols)
    processes.follow(GCAllocationTick.self, atSelectedTimes: true) { $0.add($1, $2) }
    processes.follow(HeapAlloc.self, atSelectedTimes: true) { $0.add($1, $2) }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no allocation events.
  public func finish() throws(NothingToReport) -> AllocationReport {
    var stacks = processes.stacks()
    let limit = listLimit ?? Self.stacksDefault
    let rows = processes.rows { counts, process, covered -> AllocationReport.Process? in
      AllocationReport.Process(counts, process, covered, stackLimit: limit, &stacks)
    }
    guard !rows.isEmpty else {
      throw processes.nothing(
        "allocation events", keyword: "GC::Verbose", GCAllocationTick.schema)
    }
    let isCut = processes.contains(where: \.isCut)
    return AllocationReport(
      heading: processes.heading(
        listLimit: listLimit, limited: isCut ? "types and stacks" : nil),
      processes: rows)
  }
}

extension AllocationReport.Process {
  init(
    _ counts: AllocationCounts, _ process: ResolvedProcess, _ covered: CoveredProcess,
    stackLimit: Int, _ stacks: inout NamedStacks?
  ) {
    self.init(covered: covered)
    (total, withoutStack) = (counts.total, counts.withoutStack)
    types = counts.types.map { AllocationReport.TypeRow(type: $0.key, amount: $0.value) }
      .sorted { ($1.amount.bytes, $0.type) < ($0.amount.bytes, $1.type) }
    guard stacks != nil else { return }
    // Stacks whose frames have the same names are one.
    var merged: [[StackFrame]: AllocationReport.Amount] = [:]
    for (stack, value) in counts.stacks {
      let frames = stacks?.stackFrames(stack, of: process, at: value.time) ?? []
      merged[frames, default: AllocationReport.Amount()] += value.amount
    }
    stackCount = merged.count
    let sorted = merged.map { (frames: $0.key, amount: $0.value, names: $0.key.map(\.name)) }
      .sorted { a, b in
        a.amount.bytes != b.amount.bytes
          ? a.amount.bytes > b.amount.bytes : a.names.lexicographicallyPrecedes(b.names)
      }
    self.stacks = sorted.prefix(stackLimit).map {
      AllocationReport.Stack(amount: $0.amount, frames: $0.frames)
    }
  }
}
