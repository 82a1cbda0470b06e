public import TraceEvents

/// What the translation of kernel records needs to know about processes beside the records.
///
/// A live session answers from /proc. An importer answers from what the recording's header and
/// tables say. Every question may be answered with "unknown", and the default implementations do:
/// an implementation writes only the answers that it has.
///
/// - Guarantee: called on the translator's thread only.
public protocol ProcessFacts {
  /// A thread's name; nil when it is unknown.
  func name(of pid: UInt32, thread: UInt32) -> String?

  /// The process that had the number at a time (CLOCK_MONOTONIC); nil when that is unknown, also
  /// when another process has the number by now.
  func process(_ pid: UInt32, at nanoseconds: UInt64) -> KnownProcess?

  /// Whether the process that had the number at a time (CLOCK_MONOTONIC) has ended by now; false
  /// when that is unknown.
  func hasEnded(_ pid: UInt32, since nanoseconds: UInt64) -> Bool

  /// The path of the program that a process runs; nil when it is unknown.
  func executable(of pid: UInt32) -> String?

  /// A process's parent, grandparent and so on; empty when they are unknown.
  func ancestors(of pid: UInt32) -> [UInt32]

  /// The program that a process runs after an exec, given the name that the kernel recorded for
  /// it: another name where that one is a dynamic linker's.
  func programName(of pid: UInt32, command: String) -> String

  /// The build id of a mapped image, or an id of its content; what `image` has where nothing better
  /// is known.
  ///
  /// - Parameter nanoseconds: when it was mapped (CLOCK_MONOTONIC); nil for a mapping that is there
  ///   now.
  func buildID(of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?) -> [UInt8]

  /// Whether the memory of a process still has the bytes of an image's file; false when that is
  /// unknown.
  ///
  /// - Parameters:
  ///   - part: the memory in question, as a part of the image.
  ///   - image: the image's mapping that was at those addresses before.
  ///   - nanoseconds: when the image was mapped; nil for one that was there at the start.
  func isUnchanged(
    _ part: ImageMap, of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?
  ) -> Bool

  /// The threads of a process that runs when recording begins.
  func threads(of pid: UInt32) -> [UInt32]

  /// Calls `body` with each mapping of a process that runs when recording begins, in order of
  /// address.
  func forEachMap(of pid: UInt32, _ body: (ProcessMap) -> Void)
}

/// What is known of a process that a kernel record names.
public struct KnownProcess: Hashable, Sendable {
  public var parentPID: UInt32
  public var uid: UInt32
  /// Field 22 of /proc/PID/stat: clock ticks after boot; 0 when it is unknown.
  public var startTime: UInt64
  /// Empty when it is unknown.
  public var executable: String
  public var arguments: [String]

  public init(
    parentPID: UInt32 = 0, uid: UInt32 = 0, startTime: UInt64 = 0, executable: String = "",
    arguments: [String] = []
  ) {
    self.parentPID = parentPID
    self.uid = uid
    self.startTime = startTime
    self.executable = executable
    self.arguments = arguments
  }
}

extension ProcessFacts {
  /// Unknown.
  public func name(of pid: UInt32, thread: UInt32) -> String? { nil }

  /// Unknown.
  public func process(_ pid: UInt32, at nanoseconds: UInt64) -> KnownProcess? { nil }

  /// Unknown, so false.
  public func hasEnded(_ pid: UInt32, since nanoseconds: UInt64) -> Bool { false }

  /// Unknown.
  public func executable(of pid: UInt32) -> String? { nil }

  /// Unknown.
  public func ancestors(of pid: UInt32) -> [UInt32] { [] }

  /// The name that the kernel recorded.
  public func programName(of pid: UInt32, command: String) -> String { command }

  /// The build id that the kernel recorded.
  public func buildID(of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?) -> [UInt8]
  { image.buildID }

  /// Unknown, so false.
  public func isUnchanged(
    _ part: ImageMap, of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?
  ) -> Bool { false }

  /// None.
  public func threads(of pid: UInt32) -> [UInt32] { [] }

  /// None.
  public func forEachMap(of pid: UInt32, _ body: (ProcessMap) -> Void) {}
}
