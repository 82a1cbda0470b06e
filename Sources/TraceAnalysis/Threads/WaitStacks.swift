internal import TraceEvents
internal import TraceFormat

/// Names the stacks of waits, and tells the reasons from the names.
struct WaitStacks {
  /// The named frames of a stack, innermost first, and what they tell.
  struct Named {
    var frames: [FrameID] = []
    var reason = WaitReason.unknown
  }

  var stacks: NamedStacks
  private var reasons: [[FrameID]: WaitReason] = [:]

  init(_ stacks: NamedStacks) { self.stacks = stacks }

  /// Returns the frames of a stack, innermost first, as they were at a time, and the reason of a
  /// wait in a state.
  mutating func named(
    _ stack: UInt32, _ state: ThreadState, of process: ResolvedProcess, at time: Int64
  ) -> Named {
    let id = StackID(rawValue: stack)
    let frames = id == .none ? [] : stacks.frames(id, of: process, at: time)
    return Named(frames: frames, reason: reason(frames, state))
  }

  /// Returns the reason of a wait. The state decides where it alone can.
  mutating func reason(_ frames: [FrameID], _ state: ThreadState) -> WaitReason {
    if let reason = WaitReason.of(state) { return reason }
    if let known = reasons[frames] { return known }
    let reason = WaitReason.of(frames.lazy.map { [stacks] in stacks[$0] })
    reasons[frames] = reason
    return reason
  }

  /// Returns the frames of an interrupt, without those of the code that it interrupted.
  func ofInterrupt(_ frames: [FrameID]) -> [FrameID] {
    let entry = frames.firstIndex { id in
      Self.interruptEntries.contains { stacks[id].function.hasPrefix($0) }
    }
    return entry.map { Array(frames[...$0]) } ?? frames
  }

  /// The beginnings of the names of the functions in which the kernel's interrupts begin.
  private static let interruptEntries = ["asm_", "el1h_", "el0t_"]

  func frames(_ ids: [FrameID]) -> [StackFrame] { ids.map { stacks[$0] } }
}
