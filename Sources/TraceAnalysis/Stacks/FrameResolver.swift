/// Maps addresses to frames; separates call trees from the sources of symbols.
public protocol FrameResolver {
  /// Returns the process with `pid` at `time`, in nanoseconds since the trace began.
  mutating func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess

  /// Returns the frame of `address` in a process at `time`. `isCaller` is true if the address is a
  /// return address rather than the current instruction.
  mutating func frame(
    _ address: UInt64, of process: ResolvedProcess, at time: Int64, isCaller: Bool,
    in frames: inout FrameTable
  ) -> ResolvedFrame

  /// Returns the name of a thread of the process; nil if unknown.
  mutating func threadName(_ tid: UInt32, of process: ResolvedProcess) -> String?

  /// Returns a resolver that gives the same answers and may be used concurrently on another thread;
  /// nil if there can be only one.
  func another() -> Self?
}

extension FrameResolver {
  /// Returns nil by default: there can be only one resolver.
  public func another() -> Self? { nil }

  /// Returns nil by default: names are unknown.
  public func threadName(_ tid: UInt32, of process: ResolvedProcess) -> String? { nil }
}

/// A process, as one lifetime of a process id.
public struct ResolvedProcess: Hashable, Sendable {
  public var pid: UInt32
  /// Number that distinguishes lifetimes of one process id.
  public var generation: UInt32
  /// Name of the program, without its directory.
  public var name: String
  /// Times at which the process id denotes this process.
  public var validity: ClosedRange<Int64>

  public init(pid: UInt32, generation: UInt32, name: String, validity: ClosedRange<Int64>) {
    self.pid = pid
    self.generation = generation
    self.name = name
    self.validity = validity
  }
}

/// The frame of an address, and the times for which the answer holds.
public struct ResolvedFrame: Hashable, Sendable {
  public var frame: FrameID
  /// Calls inlined into the function, each a frame below the previous one, as positions in
  /// ``FrameTable/inlined``.
  public var inlined: Range<UInt32>
  /// Times for which the answer holds, including the time of the query.
  public var validity: ClosedRange<Int64>

  public init(_ frame: FrameID, inlined: Range<UInt32> = 0..<0, validity: ClosedRange<Int64>) {
    self.frame = frame
    self.inlined = inlined
    self.validity = validity
  }
}

extension ClosedRange<Int64> {
  /// The whole trace.
  static var always: ClosedRange<Int64> { Int64.min...Int64.max }

  /// Returns the intersection. Both ranges contain the time of the query, so it is not empty.
  func common(_ other: ClosedRange<Int64>) -> ClosedRange<Int64> {
    let lower = Swift.max(lowerBound, other.lowerBound)
    return lower...Swift.max(lower, Swift.min(upperBound, other.upperBound))
  }
}
