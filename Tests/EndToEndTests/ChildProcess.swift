import Glibc

/// A program that was started; killed when it is dropped.
final class ChildProcess {
  let pid: pid_t
  private let outputPath: String
  private var status: Int32?

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Both of its outputs go into a file in `scratch`.
  init(_ path: String, _ arguments: [String], in scratch: Scratch) throws {
    outputPath = scratch.path("output-\(scratch.nextNumber())")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(
      &actions, STDOUT_FILENO, outputPath, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    var variables = scratch.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in words + variables { free(word) } }
    // The threads that tests run on block signals, which a child would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var child = pid_t()
    let code = posix_spawnp(&child, path, &actions, &attributes, &words, &variables)
    guard code == 0 else {
      throw Failure(description: "cannot start \(path): \(String(cString: strerror(code)))")
    }
    pid = child
  }

  deinit {
    if status == nil {
      kill(pid, SIGKILL)
      var ended: Int32 = 0
      waitpid(pid, &ended, 0)
    }
  }

  /// What it has printed so far.
  var output: String { (try? readText(outputPath)) ?? "" }

  func send(_ signal: Int32) { kill(pid, signal) }

  var hasEnded: Bool {
    if status == nil {
      var ended: Int32 = 0
      if waitpid(pid, &ended, WNOHANG) == pid { status = ended }
    }
    return status != nil
  }

  /// Its exit code, or the negated number of the signal that ended it.
  @discardableResult
  func wait(seconds: Double = 120) throws -> Int32 {
    try waitUntil("process \(pid) ends; it said: \(output.suffix(2000))", seconds: seconds) {
      hasEnded
    }
    let status = status!
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }

  /// Waits and fails the test when it did not end with 0.
  func succeed(seconds: Double = 120) throws {
    let code = try wait(seconds: seconds)
    if code != 0 { throw Failure(description: "ended with \(code): \(output.suffix(2000))") }
  }
}

/// Returns once the condition holds; throws after the deadline.
func waitUntil(
  _ what: @autoclosure () -> String, seconds: Double = 30, _ condition: () throws -> Bool
) throws {
  var now = monotonicSeconds()
  let deadline = now + seconds
  while !(try condition()) {
    guard now < deadline else {
      throw ChildProcess.Failure(description: "not within \(seconds) s: \(what())")
    }
    usleep(1000)
    now = monotonicSeconds()
  }
}

func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
