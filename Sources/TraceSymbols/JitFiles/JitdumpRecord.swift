/// The information about the writer in a jitdump file's header.
public struct JitdumpHeader: Hashable, Sendable {
  public var version: UInt32
  /// The writer's process id in its pid namespace.
  public var pid: UInt32
  /// ELF's number of the processor; 0 in some writers' files.
  public var machine: UInt32
  /// Whether timestamps are the processor's counter instead of CLOCK_MONOTONIC in nanoseconds.
  public var usesArchitectureClock: Bool
}

/// A record of a jitdump file. Records are in the file's order; times may decrease slightly.
///
/// A process forked from the writer may write into the file, too; loads and moves contain the
/// process.
public enum JitdumpRecord: Hashable, Sendable {
  case load(JitdumpLoad)
  case move(JitdumpMove)
  /// The source lines of the code loaded by the preceding record.
  case lines(JitdumpLines)
  /// The location of the next load's unwinding tables.
  case unwinding(JitdumpUnwinding)
  /// The writer closed the file. Its code may still run.
  case close(timestamp: UInt64)
}

/// A function was compiled.
public struct JitdumpLoad: Hashable, Sendable {
  public var timestamp: UInt64
  public var pid: UInt32
  public var tid: UInt32
  /// The address where it runs. (The record's other address, `vma`, is 0 in some writers' files.)
  public var address: UInt64
  public var size: UInt64
  /// The writer's number of the function.
  public var codeIndex: UInt64
  public var name: String
}

/// A function's code was moved to another address.
public struct JitdumpMove: Hashable, Sendable {
  public var timestamp: UInt64
  public var pid: UInt32
  public var tid: UInt32
  public var oldAddress: UInt64
  public var newAddress: UInt64
  public var size: UInt64
  public var codeIndex: UInt64
}

/// A function's source lines, without rows that repeat the previous line.
public struct JitdumpLines: Hashable, Sendable {
  public var timestamp: UInt64
  /// The start address of the function.
  public var address: UInt64
  /// The start address of each row.
  public var addresses: [UInt64]
  /// Line numbers, starting at 1.
  public var lines: [UInt32]
  /// File names; empty if unreadable.
  public var files: [String]
}

/// Unwinding tables: `.eh_frame` and, at its end, `.eh_frame_hdr`.
public struct JitdumpUnwinding: Hashable, Sendable {
  public var timestamp: UInt64
  /// Their offset in the file.
  public var fileOffset: UInt64
  public var size: UInt64
  public var headerSize: UInt64
  /// The size of the part that the process has mapped.
  public var mappedSize: UInt64
}
