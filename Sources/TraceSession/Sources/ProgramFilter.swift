import OSStrings
import TraceControl

/// Whose events a source records, of the processes that it follows.
///
/// What the kernel follows is wider than what a session takes: children of a listed process, every
/// program where only some names are wanted.
struct ProgramFilter: Hashable {
  /// Empty: whatever the number. Children of these are followed, but taken only where they are
  /// asked for.
  private let pids: Set<UInt32>
  /// Names of executables without their directory; empty: whatever the name.
  private let names: Set<String>

  /// The kernel cuts a command's name after so many bytes.
  static let commandBytesMax = 15

  init(_ filter: ProcessFilter = ProcessFilter()) {
    pids = filter.ancestor == nil && !filter.takesChildren ? filter.pids : []
    names = filter.executableNames
  }

  /// Nothing is left out.
  var isOpen: Bool { pids.isEmpty && names.isEmpty }

  func admits(pid: UInt32) -> Bool { pids.isEmpty || pids.contains(pid) }

  /// A script has the kernel's name for it and its interpreter's executable: either will do, and
  /// the former where the process has ended already.
  func admits(pid: UInt32, command: String) -> Bool {
    guard admits(pid: pid) else { return false }
    if names.isEmpty { return true }
    if names.contains(where: { Self.isName($0, command) }) { return true }
    let executable = ProcessIdentity.executable(of: pid) ?? ""
    guard let name = executable.split(separator: "/").last else { return false }
    return names.contains(String(name))
  }

  private static func isName(_ name: String, _ command: String) -> Bool {
    name.osBytes.prefix(commandBytesMax).elementsEqual(command.osBytes)
  }
}
