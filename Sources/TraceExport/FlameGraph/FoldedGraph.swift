internal import TraceAnalysis

/// Folded stacks of an exported call tree; see ``FoldedStacks``.
public struct FoldedGraph: Renderer {
  public let format = FoldedStacks().format

  public init() {}

  /// Writes one line per stack.
  public func render(
    _ graph: FlameGraph, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    FoldedStacks().render(graph.stacks, options, to: &output)
  }
}
