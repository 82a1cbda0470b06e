public import TraceAnalysis

/// An ``AllocationReport`` as one JSON object; Docs/reports.md lists its keys.
public struct AllocationJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: AllocationReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON("allocations", report) { json, process in
      json.amount(process.total, of: process)
      json.field("without_stack") { $0.amount(process.withoutStack, of: process) }
      json.field("type_count", process.types.count)
      json.field("types", each: process.types.prefix(report.listLimit ?? .max)) {
        $0.field("type", $1.type)
        $0.amount($1.amount, of: process)
      }
      json.field("stack_count", process.stackCount)
      json.field("stacks", each: process.stacks) {
        $0.amount($1.amount, of: process)
        $0.field("frames", $1.frames.map(\.name))
      }
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func amount(
    _ amount: AllocationReport.Amount, of process: AllocationReport.Process
  ) {
    field("samples", amount.samples)
    field("allocated_bytes", amount.bytes)
    field("allocated_bytes_per_s", process.perSecond(amount.bytes))
    field("objects", amount.objects)
  }
}
