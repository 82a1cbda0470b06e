internal import TraceFormat

/// Names the stacks of waits, each once for each process.
struct WaitStacks {
  private struct Key: Hashable {
    var stack: UInt32
    var process: UInt32
  }

  /// The named frames of a stack, and what they tell.
  struct Named {
    var frames: [FrameID]
    var reason: WaitReason
  }

  private var resolver: SymbolizerFrames
  private var table = FrameTable()
  private let file: TraceFile
  private var known: [Key: Named] = [:]

  /// - Parameter symbolizer: a finished one.
  init(_ symbolizer: Symbolizer, _ file: TraceFile) {
    resolver = SymbolizerFrames(symbolizer)
    self.file = file
  }

  /// Returns the frames of a stack, innermost first, as they were at a time.
  mutating func named(
    _ stack: UInt32, of process: ResolvedProcess, index: UInt32, at time: Int64
  ) -> Named {
    let key = Key(stack: stack, process: index)
    if let named = known[key] { return named }
    var inner: UInt64?
    var frames: [FrameID] = []
    for address in file.stack(StackID(rawValue: stack)).prefix(ThreadReport.Wait.framesMax) {
      let found = resolver.frame(
        address, of: process, at: time,
        isCaller: StackAddress.isCaller(address, inner: inner), in: &table)
      frames.append(found.frame)
      inner = address
    }
    let reason = WaitReason.of(frames.lazy.map { [table] in table[$0] })
    let named = Named(frames: frames, reason: reason)
    known[key] = named
    return named
  }

  /// Returns the frames of an interrupt, without those of the code that it interrupted.
  func ofInterrupt(_ frames: [FrameID]) -> [FrameID] {
    let entry = frames.firstIndex { id in
      Self.interruptEntries.contains { table[id].function.hasPrefix($0) }
    }
    return entry.map { Array(frames[...$0]) } ?? frames
  }

  /// The beginnings of the names of the functions in which the kernel's interrupts begin.
  private static let interruptEntries = ["asm_", "el1h_", "el0t_"]

  func frames(_ ids: [FrameID]) -> [StackFrame] { ids.map { table[$0] } }
}
