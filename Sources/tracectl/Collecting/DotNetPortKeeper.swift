import Glibc
import TraceSession

/// The process that `tracectl collect` leaves behind if a command has left programs that may start
/// .NET programs.
enum DotNetPortKeeper {
  /// The first argument, which is no command.
  static let name = "serve-dotnet-port"

  /// Serves the socket, and ends the process, if these are its arguments.
  static func runIfMeant(_ arguments: [String]) {
    guard arguments.count == 3, arguments[1] == name else { return }
    DotNetKeeper.run(descriptor: STDIN_FILENO, address: arguments[2])
    exit(0)
  }
}
