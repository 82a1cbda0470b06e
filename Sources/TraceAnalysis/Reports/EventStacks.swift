internal import TraceFormat

/// Names the frames of the stacks of throws.
struct ThrowStacks {
  private var resolver: SymbolizerFrames
  private var table = FrameTable()
  private let file: TraceFile

  /// - Parameter symbolizer: a finished one.
  init(_ symbolizer: Symbolizer, _ file: TraceFile) {
    resolver = SymbolizerFrames(symbolizer)
    self.file = file
  }

  /// Returns the named frames of a stack of the process at a time, innermost first.
  mutating func frames(
    _ stack: StackID, of process: ResolvedProcess, at time: Int64
  ) -> [StackFrame] {
    var inner: UInt64?
    return file.stack(stack).prefix(ExceptionReport.Stack.framesMax).map { address in
      defer { inner = address }
      let found = resolver.frame(
        address, of: process, at: time,
        isCaller: StackAddress.isCaller(address, inner: inner), in: &table)
      return table[found.frame]
    }
  }
}
