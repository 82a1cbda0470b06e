public import TraceAnalysis

/// A ``HeapReport`` as folded stacks: a line for each place, from the outermost frame to the
/// innermost and the type, followed by the bytes in use, or by which the use grew.
public struct HeapFolded: Renderer {
  public let format = OutputFormat(
    "folded", fileExtensions: ["folded"], summary: "a line a place, for flame graphs")

  public init() {}

  /// Writes one line per place with more than 0 bytes. A `;` in a name is replaced by `:`.
  public func render(
    _ report: HeapReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    for process in report.processes {
      for place in process.places {
        let usage = place.usage
        let bytes = nearestWhole(report.ranksGrowth ? usage.growth_bytes : usage.inUse.bytes)
        guard bytes > 0 else { continue }
        let names =
          ["\(process.name) (\(process.pid))"] + place.frames.reversed().map(\.name)
          + (place.type.isEmpty ? [] : [place.type])
        let line = names.map { escaped($0, .text).replacing(";", with: ":") }
          .joined(separator: ";")
        output.append(text: "\(line) \(bytes)\n")
      }
    }
  }
}
