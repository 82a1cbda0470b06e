internal import OSStrings

/// Whose events a source records, of the processes that it follows.
///
/// What the kernel follows is wider than what a session takes: children of a listed process, every
/// program where only some names are wanted.
public struct ProgramFilter: Hashable, Sendable {
  /// Empty: whatever the number. Children of these are followed, but taken only where they are
  /// asked for.
  private let pids: Set<UInt32>
  /// Names of executables without their directory; empty: whatever the name.
  private let names: Set<String>

  /// The kernel cuts a command's name after so many bytes.
  private static let commandBytesMax = 15

  /// - Parameters:
  ///   - pids: empty for all.
  ///   - executableNames: names of executables without their directory; empty for all.
  public init(pids: Set<UInt32> = [], executableNames: Set<String> = []) {
    self.pids = pids
    names = executableNames
  }

  /// Nothing is left out.
  var isOpen: Bool { pids.isEmpty && names.isEmpty }

  func admits(pid: UInt32) -> Bool { pids.isEmpty || pids.contains(pid) }

  /// A script has the kernel's name for it and its interpreter's executable: either will do, and
  /// the former where the process has ended already.
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
