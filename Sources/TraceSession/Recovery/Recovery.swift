import CTraceShims
import Glibc
import OSStrings
import TraceControl
import TraceEvents
public import TraceFormat
import TraceRing

/// Recovers the trace of a killed session from its file and from the buffers that the traced
/// programs still have mapped.
///
/// - Guarantee: does not change the unfinished file and the buffers. The result is a separate,
///   finished trace that contains each event once.
/// - Cost: reads the file once; takes memory for the buffer of one ring at a time.
/// - Trap: programs keep the buffers of only one session, the last one killed, for ten minutes, and
///   only while they run.
public enum Recovery {
  /// The result of a recovery.
  public struct Outcome: Hashable, Sendable {
    /// Number of events copied from the file, and recovered from the buffers.
    public var copied: UInt64 = 0
    public var recovered: UInt64 = 0
    /// Number of events in the buffers that were overwritten by newer ones or cannot be read.
    public var lost: UInt64 = 0
    /// Number of running programs that have the trace's buffers mapped.
    public var processes = 0
  }

  /// Whether running programs have buffers of this unfinished trace.
  public static func isPossible(_ path: String) -> Bool {
    guard let file = try? TraceFile(path: path), !file.isComplete, !file.isBeingWritten
    else { return false }
    return !OrphanedBuffers(of: file).sets.isEmpty
  }

  /// Writes a finished trace to `output`, which must be a different file.
  public static func run(
    from path: String, to output: String
  ) throws(RecoveryError) -> Outcome {
    do {
      let file = try TraceFile(path: path)
      if file.isComplete { throw RecoveryError.isFinished(path: path) }
      if file.isBeingWritten { throw RecoveryError.isBeingWritten(path: path) }
      let orphans = OrphanedBuffers(of: file)
      if orphans.sets.isEmpty { throw RecoveryError.noBuffers(path: path) }
      let copy = try RecoveredTrace(file, path: output)
      try copy.addFile()
      for set in orphans.sets { copy.add(set) }
      var outcome = try copy.finish()
      outcome.processes = orphans.processes
      return outcome
    } catch let error as RecoveryError {
      throw error
    } catch let error as FormatError {
      throw .format(error)
    } catch {
      throw .noBuffers(path: path)
    }
  }
}

/// The reason why a trace cannot be recovered.
public enum RecoveryError: Error, Equatable, Sendable, CustomStringConvertible {
  case isFinished(path: String)
  case isBeingWritten(path: String)
  /// No running program that this user may inspect has buffers of this trace.
  case noBuffers(path: String)
  case format(FormatError)

  public var description: String {
    switch self {
    case .isFinished(let path): "\(path) is finished; there is nothing to recover"
    case .isBeingWritten(let path): "\(path) is being written by a collection"
    case .noBuffers(let path):
      "no running program holds buffers of \(path): the programs have ended, or their session was "
        + "killed more than ten minutes ago, or another session was killed since"
    case .format(let error): "\(error)"
    }
  }
}

/// The buffer sets of a trace's session that running programs still have.
struct OrphanedBuffers {
  private(set) var sets: [BufferSet] = []
  private(set) var processes = 0
  private var seen: Set<UInt64> = []

  /// Inspects only the processes named in the file.
  init(of file: TraceFile) {
    for process in file.processes {
      let name = "\(process.pid)"
      guard process.startTime != 0,
        ProcessIdentity(procName: name).startTime == process.startTime
      else { continue }
      let before = sets.count
      let found = add(from: "/proc/\(name)", startTicks: file.session.start.ticks)
      if found || sets.count > before { processes += 1 }
    }
  }

  /// True if the process has a set of the session, even if another process has it, too.
  private mutating func add(from directory: String, startTicks: UInt64) -> Bool {
    var found = false
    for path in Self.candidates(in: directory) {
      // Read only: changes made while reading affect only this process's copy.
      let descriptor = OSPath.open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0,
        let set = try? BufferSet.attachCopy(descriptor: descriptor),
        set.parameters.sessionTicks == startTicks
      else { continue }
      found = true
      if seen.insert(UInt64(status.st_ino)).inserted { sets.append(set) }
    }
    return found
  }

  /// Descriptors, and mappings whose descriptor was closed, which only root may open.
  private static func candidates(in directory: String) -> [String] {
    ["fd", "map_files"].flatMap { kind in
      names(in: "\(directory)/\(kind)").map { "\(directory)/\(kind)/\($0)" }
        .filter { isBufferSet($0) }
    }
  }

  private static func isBufferSet(_ path: String) -> Bool {
    OSPath.readlink(path)?.hasPrefix("/memfd:trace-buffers") == true
  }

  private static func names(in directory: String) -> [String] {
    guard let stream = OSPath.opendir(directory) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while found.count < namesMax, let entry = readdir(stream) {
      found.append(OSPath.name(entry))
    }
    return found
  }

  private static let namesMax = 65_536
}
