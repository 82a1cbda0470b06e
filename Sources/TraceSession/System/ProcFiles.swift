import Glibc
import OSStrings

/// Reads facts from /proc.
enum ProcFiles {
  static let threadsMax = 65_536
  static let processesMax = 65_536

  static func threads(of pid: UInt32) -> [Int32] { numbers(in: "/proc/\(pid)/task", threadsMax) }

  /// The threads of a process; `directory` is a descriptor of `/proc/PID`.
  static func threads(in directory: Int32) -> [Int32] {
    let tasks = OSPath.openat(directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard tasks >= 0 else { return [] }
    guard let stream = fdopendir(tasks) else {
      close(tasks)
      return []
    }
    return numbers(in: stream, threadsMax)
  }

  /// All visible processes.
  static func processes() -> [UInt32] {
    numbers(in: "/proc", processesMax).map { UInt32($0) }
  }

  /// The owner of a process.
  static func user(of pid: UInt32) -> UInt32? {
    var status = stat()
    return OSPath.stat("/proc/\(pid)", &status) == 0 ? status.st_uid : nil
  }

  /// A thread's name, at most 15 bytes.
  static func name(of pid: UInt32, thread: UInt32) -> String? {
    // The name itself may have a line break.
    guard let text = OSPath.contents("/proc/\(pid)/task/\(thread)/comm", limit: 64),
      !text.isEmpty
    else { return nil }
    return String(osBytes: text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...])
  }

  /// A variable of the environment with which a process was started; nil if it cannot be read.
  static func variable(_ name: String, of pid: UInt32) -> String? {
    let bytes = OSPath.contents("/proc/\(pid)/environ", limit: environmentBytesMax) ?? []
    let start = Array("\(name)=".utf8)
    return bytes.split(separator: 0).first { $0.starts(with: start) }.map {
      String(osBytes: $0.dropFirst(start.count))
    }
  }

  private static let environmentBytesMax = 256 << 10

  /// Maximum number of a process's descriptors that are checked.
  private static let descriptorsMax = 256

  /// Paths through which to open the files that a process keeps in memory only (memfd_create).
  static func memoryFiles(of pid: UInt32) -> [String] {
    numbers(in: "/proc/\(pid)/fd", descriptorsMax).map { "/proc/\(pid)/fd/\($0)" }.filter { path in
      OSPath.readlink(path).map { MappedName(shown: $0).kind } == .memoryFile
    }
  }

  private static func numbers(in directory: String, _ limit: Int) -> [Int32] {
    OSPath.opendir(directory).map { numbers(in: $0, limit) } ?? []
  }

  /// Reads and closes a directory.
  private static func numbers(in stream: OpaquePointer, _ limit: Int) -> [Int32] {
    defer { closedir(stream) }
    var found: [Int32] = []
    while found.count < limit, let entry = readdir(stream) {
      let number = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { strtol($0, nil, 10) }
      }
      if number > 0, let small = Int32(exactly: number) { found.append(small) }
    }
    return found.sorted()
  }
}
