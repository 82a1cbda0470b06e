import CTraceShims
import Glibc
import TestSupport
import Testing
import TraceEvents

@testable import TraceSession

/// A sleeping process, for which the tests write files.
final class Sleeper {
  private let process: ChildProcess

  /// - Parameter command: the command to run.
  init(_ command: [String] = ["sleep", "1000"]) throws {
    process = try ChildProcess(command[0], Array(command.dropFirst()))
  }

  deinit { unlink(mapPath) }

  var pid: UInt32 { UInt32(process.pid) }
  var mapPath: String { "/tmp/perf-\(pid).map" }

  /// Waits until `env` has executed the program. The kernel sets the name before the environment.
  func waitForProgram(_ name: String) throws {
    try waitUntil {
      ProcFiles.name(of: pid, thread: pid) == name
        && !WholeFile.text("/proc/\(pid)/environ").isEmpty
    }
  }

  func end() { process.kill() }
}

/// Records the events read from files.
final class RecordingCodeOutput: CodeEventOutput {
  struct Noted<Event> {
    var event: Event
    var owner: CodeOwner
    var isRundown: Bool
  }

  private(set) var loads: [Noted<CodeLoad>] = []
  private(set) var lines: [CodeLines] = []
  private(set) var files: [CodeFile] = []
  private(set) var others: [any TraceEvent] = []
  /// Called after each load.
  var onLoad: () -> Void = {}

  var names: [String] { loads.map(\.event.name) }

  func add(_ event: some TraceEvent, of owner: CodeOwner, isRundown: Bool) {
    switch event {
    case let load as CodeLoad:
      loads.append(Noted(event: load, owner: owner, isRundown: isRundown))
      onLoad()
    case let table as CodeLines: lines.append(table)
    case let file as CodeFile: files.append(file)
    default: others.append(event)
    }
  }

  func send() {}
}

/// A follower, its output, and one process.
final class CodeFileFixture {
  static let process: UInt32 = 77

  let output = RecordingCodeOutput()
  let follower: CodeFileFollower
  let directory = TemporaryDirectory()
  let sleeper: Sleeper

  init(_ sleeper: Sleeper? = nil, wasteBytes: UInt64 = CodeFileLimits.wasteBytes) throws {
    self.sleeper = try sleeper ?? Sleeper()
    follower = CodeFileFollower(CodeFileShared(output, wasteBytes: wasteBytes))
  }

  var pid: UInt32 { sleeper.pid }
  var dumpPath: String { directory.path + "/jit-\(pid).dump" }
  var problems: [String] { follower.shared.problems.sentences }

  func tell(
    _ kind: CodeFileNotice.Kind, isRundown: Bool = false, of other: Sleeper? = nil
  ) {
    follower.take(
      CodeFileNotice(
        kind: kind, pid: other?.pid ?? pid, process: Self.process + (other == nil ? 0 : 1),
        ticks: trace_ticks(), isRundown: isRundown))
  }

  func tellOfDump(isRundown: Bool = false) {
    tell(.mapped(path: dumpPath, device: 0, inode: 0), isRundown: isRundown)
  }

  /// Writes the process's perf map, which is not followed yet.
  func map(_ text: String) throws -> WrittenFile {
    let map = try WrittenFile(sleeper.mapPath)
    map.write(text)
    return map
  }

  /// Like ``map(_:)``, followed and read completely.
  func followedMap(_ text: String, isRundown: Bool = false) throws -> WrittenFile {
    let map = try map(text)
    tell(.mayHaveMap, isRundown: isRundown)
    read()
    return map
  }

  /// Reads all available data.
  func read() { while follower.round() {} }

  func end() {
    sleeper.end()
    tell(.ended)
    read()
  }
}

/// A file that tests write to.
final class WrittenFile {
  let path: String
  private let descriptor: Int32

  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw ChildProcess.Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  func write(_ bytes: some Sequence<UInt8>) {
    let all = Array(bytes)
    precondition(Glibc.write(descriptor, all, all.count) == all.count)
  }

  func write(_ text: String) { write(text.utf8) }

  /// Extends the file by a hole.
  func skip(_ count: Int) {
    let end = lseek(descriptor, off_t(count), SEEK_CUR)
    precondition(end >= 0 && ftruncate(descriptor, end) == 0)
  }

  func cut(to size: Int) {
    precondition(ftruncate(descriptor, off_t(size)) == 0)
    precondition(lseek(descriptor, off_t(size), SEEK_SET) == off_t(size))
  }
}

/// Bytes of a jitdump file.
enum DumpBytes {
  static func header(pid: UInt32, flags: UInt64 = 0) -> [UInt8] {
    bytes([0x4a69_5444, 1, 40, 62, 0, pid] as [UInt32]) + bytes([0, flags] as [UInt64])
  }

  /// A load record without its code.
  static func load(
    _ name: String, pid: UInt32, at address: UInt64, size: Int,
    time: UInt64 = trace_monotonic_ns()
  ) -> [UInt8] {
    let rest =
      bytes([pid, pid] as [UInt32]) + bytes([0, address, UInt64(size), 1] as [UInt64])
      + Array(name.utf8) + [0]
    return bytes([0, UInt32(16 + rest.count + size)] as [UInt32]) + bytes([time]) + rest
  }

  static func wholeLoad(
    _ name: String, pid: UInt32, at address: UInt64, size: Int = 32,
    time: UInt64 = trace_monotonic_ns()
  ) -> [UInt8] {
    load(name, pid: pid, at: address, size: size, time: time)
      + [UInt8](repeating: 0xcc, count: size)
  }

  private static func bytes(_ words: [some FixedWidthInteger]) -> [UInt8] {
    words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }
}
