public import TraceAnalysis

/// Folded stacks: one line per stack, from the outermost frame to the innermost, followed by a
/// count. This is the input format of flamegraph.pl, speedscope and others.
///
///     node (1234);node!main;[jit]!fib 42
///
/// A `;` in a name is replaced by `:`.
public struct FoldedStacks: Renderer {
  public let format = OutputFormat(
    "folded", fileExtensions: ["folded"], summary: "a line a stack, for flame graphs")

  public init() {}

  /// Writes one line per stack. The numbers are event counts for reports of CPU time, as these
  /// tools expect, nanoseconds for wall-clock time, and the report's sums otherwise.
  ///
  /// - Cost: one copy of each name per line; no allocation per line.
  public func render(
    _ report: StackReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let tree = report.calls.tree
    let unit = report.unit == .cpuTime ? .events : report.unit
    let names = report.frames.frames.map { frame in
      let name = frame.kind == .process ? frame.function : frame.name
      return escaped(name, .text).utf8.map { $0 == UInt8(ascii: ";") ? UInt8(ascii: ":") : $0 }
    }
    var path: [Int] = []
    for node in 1..<max(tree.count, 1) {
      let amount = unit.amount(of: tree.exclusive[node])
      guard amount > 0 else { continue }
      if output.failure != 0 { return }
      path.removeAll(keepingCapacity: true)
      var caller = node
      while caller != StackTree.root {
        path.append(Int(tree.frames[caller].rawValue))
        caller = Int(tree.parents[caller])
      }
      for (index, frame) in path.reversed().enumerated() {
        if index > 0 { output.append(byte: UInt8(ascii: ";")) }
        names[frame].withUnsafeBytes { output.append(ByteSlice($0)) }
      }
      output.append(byte: UInt8(ascii: " "))
      output.append(decimal: amount)
      output.append(byte: UInt8(ascii: "\n"))
    }
  }
}
