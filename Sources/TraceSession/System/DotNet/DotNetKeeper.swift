import CTraceShims
import Glibc
import OSStrings

/// Serves the socket of a command's .NET programs after the session's end, in a process of its own:
/// programs that the command has left running may start further ones, which wait for the socket.
public enum DotNetKeeper {
  private static let turnMilliseconds: Int32 = 1000
  /// The number of turns after which processes are looked for.
  private static let turnsPerLook = 5
  private static let heldMax = 64

  /// Tells each runtime that connects to go on, until no process of this user has the socket in its
  /// environment.
  ///
  /// - Parameter descriptor: the listening socket, which is closed at the end.
  public static func run(descriptor: Int32, address: String) {
    let port = DotNetPort(descriptor: descriptor, address: address)
    // A runtime whose connection is closed makes another one.
    var held: [DiagnosticSocket] = []
    var turn = 0
    while !turn.isMultiple(of: turnsPerLook) || isMentioned(address) {
      turn += 1
      var polls = port.polls
      trace_poll(&polls, UInt(polls.count), turnMilliseconds)
      port.serve { socket, _ in
        _ = socket.send(
          DiagnosticMessage.encode(.resumeRuntime), deadline_ns: trace_monotonic_ns())
        if held.count >= heldMax { held.removeFirst() }
        held.append(socket)
      }
    }
  }

  /// Whether a process has the address in its environment.
  private static func isMentioned(_ address: String) -> Bool {
    let own = UInt32(getpid())
    return ProcFiles.processes().contains { pid in
      pid != own
        && ProcFiles.variable("DOTNET_DiagnosticPorts", of: pid)?.contains(address) == true
    }
  }

  /// Starts a program in a session of its own, with the socket as its standard input.
  static func start(_ command: [String], socket: Int32) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO)
    for output in [STDOUT_FILENO, STDERR_FILENO] {
      posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | setsid)
    var words = command.map { $0.withOSString { strdup($0) } } + [nil]
    defer { for word in words { free(word) } }
    var pid = pid_t()
    _ = command[0].withOSString { posix_spawn(&pid, $0, &actions, &attributes, &words, environ) }
  }

  /// POSIX_SPAWN_SETSID, which glibc defines only with _GNU_SOURCE.
  private static let setsid: Int16 = 0x80
}
