import Foundation
public import Glibc
import Testing

/// A program started by a test; killed and reaped when it is released.
///
/// Foundation's `Process` is not suitable: it blocks signals in the child, and treats a program as
/// running as long as a process that it left behind has its outputs open.
public final class ChildProcess {
  public struct Failure: Error, CustomStringConvertible {
    public var description: String

    public init(description: String) { self.description = description }
  }

  public let pid: pid_t
  private let name: String
  private let outputs: Outputs
  private var status: Int32?

  /// Starts `path`, a path or a name to be found in PATH.
  ///
  /// - Parameters:
  ///   - environment: All variables of the program; nil for the test's own.
  ///   - directory: The program's working directory; nil for the test's own.
  ///   - input: The content of its standard input; empty by default.
  ///   - isMerged: Whether its standard error is included in ``output``, in the order written.
  public init(
    _ path: String, _ arguments: [String] = [], environment: [String: String]? = nil,
    directory: String? = nil, input: String? = nil, isMerged: Bool = false
  ) throws {
    outputs = try Outputs(isMerged: isMerged)
    name = path
    let inputFile = try input.map { try ScratchFile($0) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let inputFile {
      posix_spawn_file_actions_adddup2(&actions, inputFile.descriptor, STDIN_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, outputs.output.descriptor, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, outputs.errors.descriptor, STDERR_FILENO)
    // Tests run on threads that block signals, which a child would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let variables = environment ?? ProcessInfo.processInfo.environment
    // env executes the program, which keeps the pid.
    let command = (directory.map { ["env", "-C", $0] } ?? []) + [path] + arguments
    var words = command.map { strdup($0) } + [nil]
    var entries = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in words + entries { free(text) } }
    var child = pid_t()
    let code = posix_spawnp(&child, command[0], &actions, &attributes, &words, &entries)
    guard code == 0 else {
      throw Failure(description: "cannot start \(path): \(String(cString: strerror(code)))")
    }
    pid = child
  }

  deinit { kill() }

  /// The test's own variables with these changes.
  public static func environment(with changes: [String: String]) -> [String: String] {
    ProcessInfo.processInfo.environment.merging(changes) { $1 }
  }

  /// Its standard output so far.
  public var output: String { outputs.output.text }

  /// Its standard error so far; empty if merged into ``output``.
  public var errors: String { outputs.isMerged ? "" : outputs.errors.text }

  public func send(_ signal: Int32) { if !hasEnded { Glibc.kill(pid, signal) } }

  /// Kills the process, and waits until it has ended.
  public func kill() {
    guard status == nil else { return }
    Glibc.kill(pid, SIGKILL)
    var ended: Int32 = 0
    while waitpid(pid, &ended, 0) == -1, errno == EINTR {}
    status = ended
  }

  public var hasEnded: Bool {
    if status == nil {
      var ended: Int32 = 0
      if waitpid(pid, &ended, WNOHANG) == pid { status = ended }
    }
    return status != nil
  }

  /// Waits until the process has ended. Returns its exit code, or the negated number of the signal
  /// that ended it.
  ///
  /// Fails the test if that takes longer; the program is then killed.
  @discardableResult
  public func wait(seconds: Double = 120) throws -> Int32 {
    do {
      try waitUntil("\(name) (process \(pid)) ends; its output: \(said)", seconds: seconds) {
        hasEnded
      }
    } catch {
      kill()
      throw error
    }
    let status = status!
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }

  /// Waits, and fails the test if the exit code is not 0.
  public func succeed(seconds: Double = 120) throws {
    let code = try wait(seconds: seconds)
    if code != 0 { throw Failure(description: "\(name) ended with \(code): \(said)") }
  }

  /// The end of its output, for messages.
  private var said: Substring { (output + errors).suffix(2000) }

  /// Returns the output of a program; fails the test if its exit code is not 0.
  public static func output(
    of path: String, _ arguments: [String], directory: String? = nil, input: String? = nil
  ) throws -> String {
    let child = try ChildProcess(path, arguments, directory: directory, input: input)
    try child.succeed()
    return child.output
  }
}

/// The outputs of a child: files, not pipes, so that neither side ever waits for the other.
private struct Outputs {
  let output: ScratchFile
  let errors: ScratchFile
  let isMerged: Bool

  init(isMerged: Bool) throws {
    self.isMerged = isMerged
    output = try ScratchFile()
    errors = isMerged ? output : try ScratchFile()
  }
}

/// A file without a name.
private final class ScratchFile {
  let descriptor: Int32

  init(_ text: String = "") throws {
    let path = FileManager.default.temporaryDirectory.path + "/trace-child-\(UUID().uuidString)"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw ChildProcess.Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }
    unlink(path)
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
      guard count > 0 else { throw ChildProcess.Failure(description: "cannot write \(path)") }
      rest = rest.dropFirst(count)
    }
    lseek(descriptor, 0, SEEK_SET)
  }

  deinit { close(descriptor) }

  var text: String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // Reads at an explicit offset, because the child's file offset must not change.
      let count = pread(descriptor, &chunk, chunk.count, off_t(bytes.count))
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }
}
