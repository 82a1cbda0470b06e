public import TraceEvents

/// Facts about processes that the translation of kernel records needs in addition to the records.
///
/// A live session gets them from /proc, an importer from the recording's header and tables. Every
/// method may return "unknown", as the default implementations do; an implementation provides only
/// those facts that it has.
///
/// - Guarantee: called on the translator's thread only.
public protocol ProcessFacts {
  /// A thread's name; nil if unknown.
  func name(of pid: UInt32, thread: UInt32) -> String?

  /// The process that had the pid at a time (CLOCK_MONOTONIC); nil if unknown, including when
  /// another process has the pid now.
  func process(_ pid: UInt32, at nanoseconds: UInt64) -> KnownProcess?

  /// Whether the process that had the pid at a time (CLOCK_MONOTONIC) has ended; false if unknown.
  func hasEnded(_ pid: UInt32, since nanoseconds: UInt64) -> Bool

  /// The path of the program that a process runs; nil when it is unknown.
  func executable(of pid: UInt32) -> String?

  /// A process's parent, grandparent and so on; empty if unknown.
  func ancestors(of pid: UInt32) -> [UInt32]

  /// Whether a process has the address space of the process that made it, not a copy; false if
  /// unknown.
  func sharesMemory(_ pid: UInt32, with parent: UInt32) -> Bool

  /// The name of the program that a process runs after an exec, given the name that the kernel
  /// recorded. They differ if the kernel recorded a dynamic linker.
  func programName(of pid: UInt32, command: String) -> String

  /// The build id of a mapped image, or an id of its content; the build id in `image` if nothing
  /// better is known.
  ///
  /// - Parameter nanoseconds: the time of the mapping (CLOCK_MONOTONIC); nil for a mapping that
  ///   exists now.
  func buildID(of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?) -> [UInt8]

  /// Whether the memory of a process still contains the bytes of an image's file; false if unknown.
  ///
  /// - Parameters:
  ///   - part: the memory to check, as a part of the image.
  ///   - image: the image's previous mapping at these addresses.
  ///   - nanoseconds: the time at which the image was mapped; nil if it was mapped before the
  ///     start.
  func isUnchanged(
    _ part: ImageMap, of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?
  ) -> Bool

  /// The threads of a process that is running when recording begins.
  func threads(of pid: UInt32) -> [UInt32]

  /// Calls `body` with each mapping of a process that is running when recording begins, in order of
  /// address.
  func forEachMap(of pid: UInt32, _ body: (ProcessMap) -> Void)
}

/// The known facts about a process named in a kernel record.
public struct KnownProcess: Hashable, Sendable {
  public var parentPID: UInt32
  public var uid: UInt32
  /// Field 22 of /proc/PID/stat: clock ticks after boot; 0 if unknown.
  public var startTime: UInt64
  /// Empty if unknown.
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
  /// Returns nil: unknown.
  public func name(of pid: UInt32, thread: UInt32) -> String? { nil }

  /// Returns nil: unknown.
  public func process(_ pid: UInt32, at nanoseconds: UInt64) -> KnownProcess? { nil }

  /// Returns false: unknown.
  public func hasEnded(_ pid: UInt32, since nanoseconds: UInt64) -> Bool { false }

  /// Unknown.
  public func executable(of pid: UInt32) -> String? { nil }

  /// Returns an empty list: unknown.
  public func ancestors(of pid: UInt32) -> [UInt32] { [] }

  /// Returns false: unknown.
  public func sharesMemory(_ pid: UInt32, with parent: UInt32) -> Bool { false }

  /// Returns the name that the kernel recorded.
  public func programName(of pid: UInt32, command: String) -> String { command }

  /// Returns the build id that the kernel recorded.
  public func buildID(of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?) -> [UInt8]
  { image.buildID }

  /// Returns false: unknown.
  public func isUnchanged(
    _ part: ImageMap, of image: ImageMap, in pid: UInt32, mappedAt nanoseconds: UInt64?
  ) -> Bool { false }

  /// Returns an empty list.
  public func threads(of pid: UInt32) -> [UInt32] { [] }

  /// Does nothing.
  public func forEachMap(of pid: UInt32, _ body: (ProcessMap) -> Void) {}
}
