import Glibc
import OSStrings

/// libtraceheap.so, which samples a command's heap allocations, and what tells it how.
struct HeapLibrary {
  static let fileName = "libtraceheap.so"

  private let path: String
  private let interval_bytes: Int
  private let unwinds: Bool

  /// Finds the library beside this program, or in `../lib`.
  init(interval_bytes: Int, unwinds: Bool, startsCommand: Bool) throws(Failure) {
    self.interval_bytes = interval_bytes
    self.unwinds = unwinds
    let program = OSPath.readlink("/proc/self/exe") ?? ""
    let directory = program.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    let places = [directory, directory + "/../lib"].map { $0 + "/" + Self.fileName }
    guard let found = places.first(where: { OSPath.access($0, R_OK) == 0 }) else {
      if startsCommand {
        throw Failure(
          .configuration, "\(Self.fileName) is neither beside tracectl nor in ../lib",
          next: "build it ('swift build -c release --product traceheap') and put it there")
      }
      path = ""
      return
    }
    path = found
  }

  /// Environment variables for the command. A preloaded allocator comes after the library.
  var variables: [(name: String, value: String)] {
    let others = OSPath.getenv("LD_PRELOAD") ?? ""
    return [
      ("LD_PRELOAD", others.isEmpty ? path : path + ":" + others),
      ("TRACE_HEAP_INTERVAL", "\(interval_bytes)"),
      ("TRACE_HEAP_STACKS", unwinds ? "dwarf" : "fp"),
    ]
  }
}
