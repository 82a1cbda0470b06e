public import TraceEvents

/// Makes the stacks of samples. The translator calls it in the order of the records, so that what
/// a process had mapped when it was sampled is what was mapped before.
public protocol SampleStackWalker: AnyObject {
  /// Appends a sample's stack to `stack`, which may have other words before it: the kernel's
  /// frames, then the program's, innermost first.
  func append(_ sample: PerfSample, pid: UInt32, to stack: inout [UInt64])

  /// A process has mapped something that it may execute.
  func map(_ image: ImageMap, pid: UInt32)

  /// A process began, with a copy of its parent's memory. The number's former owner has ended.
  func fork(_ pid: UInt32, from parent: UInt32)

  /// A process runs another program: nothing is mapped now.
  func exec(_ pid: UInt32)

  /// A process has ended.
  func forget(_ pid: UInt32)

  /// Records were lost: what is known of any process may be incomplete.
  func lose()
}

/// Stacks as the kernel walked them: by frame pointers.
public final class CallchainStacks: SampleStackWalker {
  public init() {}

  /// The sample's call chain.
  public func append(_ sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    PerfCallchain.append(sample.callchain, address: sample.instructionPointer, to: &stack)
  }

  /// Does nothing.
  public func map(_ image: ImageMap, pid: UInt32) {}

  /// Does nothing.
  public func fork(_ pid: UInt32, from parent: UInt32) {}

  /// Does nothing.
  public func exec(_ pid: UInt32) {}

  /// Does nothing.
  public func forget(_ pid: UInt32) {}

  /// Does nothing.
  public func lose() {}
}
