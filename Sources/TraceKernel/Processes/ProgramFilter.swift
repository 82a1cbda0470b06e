internal import OSStrings

/// Selects the processes whose events are recorded among those that a source follows.
///
/// The kernel follows more processes than a session records: also children of a listed process, and
/// every program if only some names are selected.
public struct ProgramFilter: Hashable, Sendable {
  /// Admitted pids; empty admits all. Their children are followed, too, but recorded only if they
  /// are listed.
  private let pids: Set<UInt32>
  /// Admitted names of executables, without directories; empty admits all.
  private let names: Set<String>

  /// The kernel truncates a command's name to this number of bytes.
  private static let commandBytesMax = 15

  /// - Parameters:
  ///   - pids: empty for all.
  ///   - executableNames: names of executables without their directory; empty for all.
  public init(pids: Set<UInt32> = [], executableNames: Set<String> = []) {
    self.pids = pids
    names = executableNames
  }

  /// Whether all processes are admitted.
  var isOpen: Bool { pids.isEmpty && names.isEmpty }

  func admits(pid: UInt32) -> Bool { pids.isEmpty || pids.contains(pid) }

  /// For a script, the kernel has the script's name, and the executable is its interpreter: either
  /// may match. If the process has ended, only the kernel's name is available.
  func admits(pid: UInt32, command: String, _ facts: any ProcessFacts) -> Bool {
    guard admits(pid: pid) else { return false }
    if names.isEmpty { return true }
    if names.contains(where: { Self.isName($0, command) }) { return true }
    let executable = facts.executable(of: pid) ?? ""
    guard let name = executable.split(separator: "/").last else { return false }
    return names.contains(String(name))
  }

  private static func isName(_ name: String, _ command: String) -> Bool {
    name.osBytes.prefix(commandBytesMax).elementsEqual(command.osBytes)
  }
}
