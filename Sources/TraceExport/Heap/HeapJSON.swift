public import TraceAnalysis

/// A ``HeapReport`` as one JSON object; Docs/reports.md lists its keys.
public struct HeapJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: HeapReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON("heap", report) { json, process in
      json.field("interval_bytes", process.interval_bytes)
      json.field("dropped_samples", process.dropped)
      json.field("unreported_frees", process.unreported)
      json.usage(process.totals)
      json.field("type_count", process.types.count)
      json.field("types", each: process.types.prefix(report.listLimit ?? .max)) {
        $0.field("type", $1.type)
        $0.usage($1.usage)
      }
      json.field("place_count", process.placeCount)
      json.field("places", each: process.places) {
        $0.field("type", $1.type)
        $0.usage($1.usage)
        $0.field("steadiness", $1.steadiness)
        $0.field("leak_likelihood", $1.likelihood)
        $0.field("oldest_ns", $1.oldest_ns)
        $0.field("mean_lifetime_ns", $1.meanLifetime_ns)
        $0.field("frames", $1.frames.map(\.name))
      }
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func usage(_ usage: HeapReport.Usage) {
    field("in_use_bytes", nearestWhole(usage.inUse.bytes))
    field("in_use_objects", nearestWhole(usage.inUse.objects))
    field("in_use_samples", usage.inUse.samples)
    field("allocated_bytes", nearestWhole(usage.allocated.bytes))
    field("allocated_objects", nearestWhole(usage.allocated.objects))
    field("samples", usage.allocated.samples)
    field("growth_bytes", usage.growth_bytes.rounded())
    field("growth_objects", usage.growth_objects.rounded())
    field("freed_share", usage.freedShare)
  }
}
