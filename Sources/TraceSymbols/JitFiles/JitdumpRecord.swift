/// What a jitdump file's head says of its writer.
public struct JitdumpHeader: Hashable, Sendable {
  public var version: UInt32
  /// The writer's process id, in its own pid namespace.
  public var pid: UInt32
  /// ELF's number for the processor; some writers leave it 0.
  public var machine: UInt32
  /// Timestamps are the processor's counter, not CLOCK_MONOTONIC in nanoseconds.
  public var usesArchitectureClock: Bool
}

/// What a jitdump file tells, record by record, in the file's order: times may go back a little.
///
/// A process that was forked from the writer may write into the file, too: a load or a move says
/// whose it is.
public enum JitdumpRecord: Hashable, Sendable {
  case load(JitdumpLoad)
  case move(JitdumpMove)
  /// Which source lines the code has that was loaded just before.
  case lines(JitdumpLines)
  /// Where the next load's unwinding tables lie.
  case unwinding(JitdumpUnwinding)
  /// The writer has closed the file. Its code may run on.
  case close(timestamp: UInt64)
}

/// A function came into being.
public struct JitdumpLoad: Hashable, Sendable {
  public var timestamp: UInt64
  public var pid: UInt32
  public var tid: UInt32
  /// Where it runs. (The record's other address, `vma`, is 0 in some writers' files.)
  public var address: UInt64
  public var size: UInt64
  /// The writer's number for it.
  public var codeIndex: UInt64
  public var name: String
}

/// A function's code is at another address now.
public struct JitdumpMove: Hashable, Sendable {
  public var timestamp: UInt64
  public var pid: UInt32
  public var tid: UInt32
  public var oldAddress: UInt64
  public var newAddress: UInt64
  public var size: UInt64
  public var codeIndex: UInt64
}

/// A function's source lines. Rows that repeat the line before them are left out.
public struct JitdumpLines: Hashable, Sendable {
  public var timestamp: UInt64
  /// Where the function begins.
  public var address: UInt64
  /// Where each row begins.
  public var addresses: [UInt64]
  /// From 1.
  public var lines: [UInt32]
  /// Empty where the name is unreadable.
  public var files: [String]
}

/// Unwinding tables: `.eh_frame` and, at its end, `.eh_frame_hdr`.
public struct JitdumpUnwinding: Hashable, Sendable {
  public var timestamp: UInt64
  /// Where they begin in the file.
  public var fileOffset: UInt64
  public var size: UInt64
  public var headerSize: UInt64
  /// Bytes of them that the process itself has mapped.
  public var mappedSize: UInt64
}
