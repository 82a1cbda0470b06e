import Glibc
import OSStrings

/// Information about a process from /proc.
package struct ProcessIdentity: Hashable, Sendable {
  package var executable = ""
  package var arguments: [String] = []
  package var parentPID: UInt32 = 0
  /// Clock ticks after boot; 0 if unknown.
  package var startTime: UInt64 = 0

  /// The process with this pid, or the calling process for "self". Values that cannot be read are
  /// empty.
  package init(procName: String) {
    let directory = "/proc/\(procName)"
    let living = Self.living(directory)
    arguments = Self.arguments(in: living)
    executable = Self.executable(in: living, arguments: { arguments }) ?? ""
    guard let bytes = OSPath.contents("\(directory)/stat", limit: 4096) else { return }
    (parentPID, startTime) = Self.parseStat(bytes) ?? (0, 0)
  }

  /// The current parent, grandparent and so on; empty for a process that has ended.
  package static func ancestors(of pid: UInt32) -> [UInt32] {
    var result: [UInt32] = []
    var current = pid
    // Bounded, because values read while processes start and end may form a cycle.
    while current > 1, result.count < ancestorsMax {
      guard let parent = parent(of: current) else { break }
      result.append(parent)
      current = parent
    }
    return result
  }

  private static let ancestorsMax = 256

  /// The process's parent; nil if it is not visible.
  package static func parent(of pid: UInt32) -> UInt32? {
    guard let bytes = OSPath.contents("/proc/\(pid)/stat", limit: 4096),
      let (parent, _) = parseStat(bytes), parent > 0
    else { return nil }
    return parent
  }

  /// Nil if the process has ended, is a kernel thread, or may not be inspected.
  package static func executable(of pid: UInt32) -> String? {
    let directory = living("/proc/\(pid)")
    return executable(in: directory) { Self.arguments(in: directory) }
  }

  /// Uses the program's name even if its file was replaced while it runs, or if a dynamic linker
  /// was started to run it.
  private static func executable(
    in directory: String, arguments: () -> [String]
  ) -> String? {
    guard let path = OSPath.readlink("\(directory)/exe") else { return nil }
    let file = MappedName(shown: path).path
    guard LoaderCommand.isLoader(file) else { return file }
    return LoaderCommand.program(arguments()) ?? file
  }

  private static func arguments(in directory: String) -> [String] {
    OSPath.contents("\(directory)/cmdline", limit: ControlLimits.argumentBytes)
      .map(Self.arguments) ?? []
  }

  /// If the main thread has ended, only the entries of the other threads describe the process.
  private static func living(_ directory: String) -> String {
    guard OSPath.readlink("\(directory)/exe") == nil, errno == ENOENT,
      let tasks = OSPath.opendir("\(directory)/task")
    else { return directory }
    defer { closedir(tasks) }
    for _ in 0..<threadsMax {
      guard let entry = readdir(tasks) else { break }
      let name = OSPath.name(entry)
      let thread = "\(directory)/task/\(name)"
      if name.first != ".", OSPath.readlink("\(thread)/exe") != nil { return thread }
    }
    return directory
  }

  /// The number of threads tried if the main thread has ended.
  private static let threadsMax = 16

  /// Each argument ends with a NUL.
  static func arguments(_ bytes: [UInt8]) -> [String] {
    var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
    if parts.last?.isEmpty == true { parts.removeLast() }
    return parts.prefix(ControlLimits.arguments).map { String(osBytes: $0) }
  }

  /// Parent and start time: fields 4 and 22. The name in field 2 may itself contain parentheses and
  /// spaces.
  static func parseStat(_ bytes: [UInt8]) -> (parent: UInt32, startTime: UInt64)? {
    guard let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(nameEnd + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 20)
    guard fields.count > 19, let parent = UInt32(String(decoding: fields[1], as: UTF8.self)),
      let start = UInt64(String(decoding: fields[19], as: UTF8.self))
    else { return nil }
    return (parent, start)
  }
}
