public import TraceAnalysis

/// A line a stack, from the outermost frame to the innermost, and how often it was seen: what
/// flamegraph.pl, speedscope and others read.
///
///     node (1234);node!main;[jit]!fib 42
///
/// A `;` in a name becomes `:`.
public struct FoldedStacks: Renderer {
  public let format = OutputFormat(
    "folded", fileExtensions: ["folded"], summary: "a line a stack, for flame graphs")

  public init() {}

  /// Writes a line a stack. The numbers are events where the report is of CPU time, as these tools
  /// expect, else its sums.
  ///
  /// - Cost: one copy of each name a line; no allocation a line.
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
