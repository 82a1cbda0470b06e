internal import Glibc
internal import OSStrings

/// A thread of this process, as /proc shows it.
struct OwnThread: Hashable {
  var tid: UInt32
  var name: String
  /// The state in words: `running`, `sleeping`; empty if unknown.
  var state: String
  /// Whether the thread blocks SIGPROF and therefore cannot be asked for its stack.
  var blocksSignal: Bool
}

/// Lists the threads of this process.
enum OwnThreads {
  /// Maximum number of threads listed.
  static let threadsMax = 16_384
  private static let statusBytes = 4096

  /// The ids of all threads, in the order of /proc.
  static func ids() -> [UInt32] {
    guard let directory = opendir("/proc/self/task") else { return [] }
    defer { closedir(directory) }
    var found: [UInt32] = []
    while found.count < threadsMax, let entry = readdir(directory) {
      let id = withUnsafeBytes(of: entry.pointee.d_name) { name in
        UInt32(String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
      }
      if let id { found.append(id) }
    }
    return found
  }

  /// Name and state of a thread; nil if it has ended.
  static func thread(_ tid: UInt32) -> OwnThread? {
    guard let bytes = OSPath.contents("/proc/self/task/\(tid)/status", limit: statusBytes),
      !bytes.isEmpty
    else { return nil }
    var thread = OwnThread(tid: tid, name: "", state: "", blocksSignal: false)
    for line in String(osBytes: bytes).split(separator: "\n") {
      if line.hasPrefix("Name:\t") { thread.name = String(line.dropFirst(6)) }
      if line.hasPrefix("State:\t") { thread.state = words(String(line.dropFirst(7).prefix(1))) }
      if line.hasPrefix("SigBlk:\t"), let mask = UInt64(line.dropFirst(8), radix: 16) {
        thread.blocksSignal = mask & 1 << UInt64(SIGPROF - 1) != 0
      }
    }
    return thread
  }

  private static func words(_ letter: String) -> String {
    switch letter {
    case "R": "running"
    case "S": "sleeping"
    case "D": "waiting for a device"
    case "T", "t": "stopped"
    case "Z", "X": "ended"
    default: letter
    }
  }
}
