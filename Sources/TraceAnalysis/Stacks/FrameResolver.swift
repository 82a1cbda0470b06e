/// Says which frame an address is: the seam between call trees and whatever knows the symbols.
public protocol FrameResolver {
  /// The process that has `pid` at `time`, in nanoseconds since the trace began.
  mutating func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess

  /// The frame of `address` in a process at `time`; `isCaller`: the address is where a call returns
  /// to, not where the program stood.
  mutating func frame(
    _ address: UInt64, of process: ResolvedProcess, at time: Int64, isCaller: Bool,
    in frames: inout FrameTable
  ) -> ResolvedFrame

  /// What a thread of the process was called; nil where that is not known.
  mutating func threadName(_ tid: UInt32, of process: ResolvedProcess) -> String?

  /// One that gives the same answers and may be used at the same time, on another thread; nil where
  /// there can be only one.
  func another() -> Self?
}

extension FrameResolver {
  /// There is only one.
  public func another() -> Self? { nil }

  /// Not known.
  public func threadName(_ tid: UInt32, of process: ResolvedProcess) -> String? { nil }
}

/// One life of a process id.
public struct ResolvedProcess: Hashable, Sendable {
  public var pid: UInt32
  /// Tells lives of one process id apart.
  public var generation: UInt32
  /// The program's name, without its directory.
  public var name: String
  /// When the process id means this process.
  public var validity: ClosedRange<Int64>

  public init(pid: UInt32, generation: UInt32, name: String, validity: ClosedRange<Int64>) {
    self.pid = pid
    self.generation = generation
    self.name = name
    self.validity = validity
  }
}

/// What an address is, and between which times the same answer holds.
public struct ResolvedFrame: Hashable, Sendable {
  public var frame: FrameID
  /// The calls that a compiler has put into that function, each a frame below the one before:
  /// places in ``FrameTable/inlined``.
  public var inlined: Range<UInt32>
  /// Holds the time that was asked for.
  public var validity: ClosedRange<Int64>

  public init(_ frame: FrameID, inlined: Range<UInt32> = 0..<0, validity: ClosedRange<Int64>) {
    self.frame = frame
    self.inlined = inlined
    self.validity = validity
  }
}

extension ClosedRange<Int64> {
  /// All of a trace.
  static var always: ClosedRange<Int64> { Int64.min...Int64.max }

  /// What both hold; both hold the time in question, so there is something.
  func common(_ other: ClosedRange<Int64>) -> ClosedRange<Int64> {
    let lower = Swift.max(lowerBound, other.lowerBound)
    return lower...Swift.max(lower, Swift.min(upperBound, other.upperBound))
  }
}
