import Glibc
import OSStrings

/// The command behind `--`, run as this process's child in its process group.
struct TracedProgram {
  /// How it ended.
  enum Ending: Hashable {
    case exited(code: CInt)
    case killed(signal: CInt)
    /// The system does not report the ending.
    case unknown

    /// The exit code in a shell's form: 128 + signal for a killed process.
    var exitCode: CInt {
      switch self {
      case .unknown: ExitStatus.osError.rawValue
      case .exited(let code): code
      case .killed(let signal): 128 + signal
      }
    }

    /// Creates an ending from waitpid's status.
    init(status: CInt) {
      let signal = status & 0x7f
      self = signal == 0 ? .exited(code: (status >> 8) & 0xff) : .killed(signal: signal)
    }
  }

  let pid: pid_t
  let name: String
  private(set) var ending: Ending?
  /// The reason why the system does not permit waiting for the command's end; nil if it does.
  private(set) var waitProblem: String?

  /// Finds the program as a shell does: through PATH, unless its name contains a slash.
  static func find(_ name: String, path: String) throws(Failure) -> String {
    if name.contains("/") {
      if OSPath.access(name, X_OK) == 0, !isDirectory(name) { return name }
      throw notRunnable(name, code: isDirectory(name) ? EISDIR : errno)
    }
    var code = ENOENT
    for directory in path.split(separator: ":", omittingEmptySubsequences: false) {
      let candidate = directory.isEmpty ? "./\(name)" : "\(directory)/\(name)"
      if OSPath.access(candidate, X_OK) == 0, !isDirectory(candidate) { return candidate }
      if errno == EACCES { code = EACCES }
    }
    throw notRunnable(name, code: code)
  }

  /// Whether the program runs with the rights of another user or group, so that this process may
  /// not observe it.
  static func changesUser(_ path: String) -> Bool {
    var status = stat()
    guard geteuid() != 0, OSPath.stat(path, &status) == 0 else { return false }
    return (status.st_mode & S_ISUID != 0 && status.st_uid != geteuid())
      || (status.st_mode & S_ISGID != 0 && status.st_gid != getegid())
  }

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return OSPath.stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func notRunnable(_ name: String, code: CInt) -> Failure {
    if code == ENOENT {
      return Failure(
        .commandNotFound, "there is no command '\(name)'", next: "check its name and PATH")
    }
    let next =
      switch code {
      case EAGAIN: "raise the limit on processes (ulimit -u)"
      case ENOMEM: "free some memory, or raise its limits (ulimit -v, ulimit -d)"
      case E2BIG: "give fewer or shorter arguments, or a smaller environment"
      case EMFILE, ENFILE: Failure.nextStep(errno: code)
      default: "check that it is a program and is executable"
      }
    return Failure(
      .commandNotRunnable, "cannot run '\(name)': \(String(cString: strerror(code)))", next: next)
  }

  /// The error for a file that exists but names an interpreter or loader that does not.
  private static func interpreterMissing(_ name: String) -> Failure {
    Failure(
      .commandNotRunnable, "cannot run '\(name)': its interpreter or loader does not exist",
      next: "check the script's first line, or run 'file \(name)'")
  }

  /// Starts `program` with `arguments`, the first of which is its name, in this process's
  /// environment with `variables` added.
  init(
    program: String, arguments: [String], variables: [(name: String, value: String)] = [],
    signalMask: sigset_t
  ) throws(Failure) {
    name = arguments[0]
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = signalMask
    posix_spawnattr_setsigmask(&attributes, &mask)
    // This process ignores these signals; the command must not inherit that.
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    sigaddset(&defaults, SIGXFSZ)
    sigaddset(&defaults, SIGTTOU)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

    var pointers = arguments.map { $0.withOSString { strdup($0) } }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    var pid: pid_t = 0
    var environment = Self.environment(adding: variables)
    defer { for entry in environment { free(entry) } }
    let code = program.withOSString {
      posix_spawn(&pid, $0, nil, &attributes, pointers, &environment)
    }
    guard code == 0 else {
      throw code == ENOENT ? Self.interpreterMissing(name) : Self.notRunnable(name, code: code)
    }
    self.pid = pid
  }

  /// Copies of the entries as C strings, because they may not be valid text.
  private static func environment(
    adding variables: [(name: String, value: String)]
  ) -> [UnsafeMutablePointer<CChar>?] {
    var entries: [UnsafeMutablePointer<CChar>?] = []
    var next = environ
    while let entry = next.pointee {
      let isReplaced = variables.contains {
        strncmp(entry, $0.name + "=", $0.name.utf8.count + 1) == 0
      }
      if !isReplaced { entries.append(strdup(entry)) }
      next += 1
    }
    return entries + variables.map { "\($0.name)=\($0.value)".withOSString { strdup($0) } } + [nil]
  }

  /// Whether the process has ended; does not block.
  mutating func hasEnded() -> Bool {
    if ending != nil { return true }
    var status: CInt = 0
    let result = waitpid(pid, &status, WNOHANG)
    if result == pid { ending = Ending(status: status) }
    if result < 0, errno != EINTR { lookWithoutWaiting(errno) }
    return ending != nil
  }

  /// Waits until the process has ended.
  mutating func wait() {
    while !hasEnded() { usleep(10_000) }
  }

  /// Used if waitpid(2) is not permitted, for example in a sandbox: reads /proc, which contains an
  /// ended process's status for its parent.
  private mutating func lookWithoutWaiting(_ code: CInt) {
    if waitProblem == nil { waitProblem = "waitpid: \(String(cString: strerror(code)))" }
    let bytes = OSPath.contents("/proc/\(pid)/stat", limit: 4096) ?? []
    // The name, in parentheses, may contain anything.
    let text = String(osBytes: bytes.drop { $0 != UInt8(ascii: "(") })
    guard let nameEnd = text.lastIndex(of: ")") else {
      ending = .unknown
      return
    }
    let fields = text[nameEnd...].dropFirst().split { $0 == " " || $0 == "\n" }
    guard let state = fields.first, state == "Z" || state == "X" else { return }
    // Field 52 of proc_pid_stat(5); the state is field 3.
    let status = fields.dropFirst(49).first.flatMap { CInt($0) }
    ending = status.map(Ending.init(status:)) ?? .unknown
  }

  func send(_ signal: CInt) { if ending == nil { kill(pid, signal) } }
}
