public import TraceEvents

/// Computes the stacks of samples. The translator calls it in the order of the records, so the
/// mappings at the time of a sample are those reported before it.
public protocol SampleStackWalker: AnyObject {
  /// Appends a sample's stack to `stack`, which may already contain other words: the kernel's
  /// frames, then the program's, innermost first.
  func append(_ sample: PerfSample, pid: UInt32, to stack: inout [UInt64])

  /// Appends the stack of a sample whose call chain has the program's frames, too, walked by frame
  /// pointers, whatever other samples have.
  func append(followed sample: PerfSample, pid: UInt32, to stack: inout [UInt64])

  /// Called when a process has created an executable mapping.
  func map(_ image: ImageMap, pid: UInt32)

  /// Called when a process was forked, with a copy of its parent's memory. The pid's former owner
  /// has ended.
  func fork(_ pid: UInt32, from parent: UInt32)

  /// Called when a process runs another program, so that nothing is mapped.
  func exec(_ pid: UInt32)

  /// Called when a process has ended.
  func forget(_ pid: UInt32)

  /// Called when records were lost, so the state of any process may be incomplete.
  func lose()
}

/// The stacks that the kernel walked by frame pointers.
public final class CallchainStacks: SampleStackWalker {
  public init() {}

  /// Appends the sample's call chain.
  public func append(_ sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    PerfCallchain.append(sample.callchain, address: sample.instructionPointer, to: &stack)
  }

  /// Appends the sample's call chain.
  public func append(followed sample: PerfSample, pid: UInt32, to stack: inout [UInt64]) {
    append(sample, pid: pid, to: &stack)
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
