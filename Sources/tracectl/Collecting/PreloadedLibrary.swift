import Glibc
import OSStrings

/// A library that is loaded into a command to observe it, and what tells it how.
struct PreloadedLibrary {
  /// Empty if the library was not found and no command is started.
  private let path: String
  private let settings: [(name: String, value: String)]

  /// Finds the library beside this program, or in `../lib`.
  private init(
    _ product: String, _ settings: [(name: String, value: String)], startsCommand: Bool
  ) throws(Failure) {
    self.settings = settings
    let fileName = "lib\(product).so"
    let program = OSPath.readlink("/proc/self/exe") ?? ""
    let directory = program.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    let places = [directory, directory + "/../lib"].map { $0 + "/" + fileName }
    guard let found = places.first(where: { OSPath.access($0, R_OK) == 0 }) else {
      if startsCommand {
        throw Failure(
          .configuration, "\(fileName) is neither beside tracectl nor in ../lib",
          next: "build it ('swift build -c release --product \(product)') and put it there")
      }
      path = ""
      return
    }
    path = found
  }

  /// libtraceheap.so, which samples a command's heap allocations.
  static func heap(
    interval_bytes: Int, unwinds: Bool, startsCommand: Bool
  ) throws(Failure) -> PreloadedLibrary {
    try PreloadedLibrary(
      "traceheap",
      [
        ("TRACE_HEAP_INTERVAL", "\(interval_bytes)"),
        ("TRACE_HEAP_STACKS", unwinds ? "dwarf" : "fp"),
      ], startsCommand: startsCommand)
  }

  /// libtracelock.so, which measures a command's waits for locks.
  static func lock(
    threshold_ns: UInt64, unwinds: Bool, startsCommand: Bool
  ) throws(Failure) -> PreloadedLibrary {
    try PreloadedLibrary(
      "tracelock",
      [
        ("TRACE_LOCK_THRESHOLD", "\(threshold_ns)"),
        ("TRACE_LOCK_STACKS", unwinds ? "dwarf" : "fp"),
      ], startsCommand: startsCommand)
  }

  /// Environment variables for the command. A preloaded allocator comes after the libraries.
  static func variables(
    of libraries: [PreloadedLibrary]
  ) -> [(name: String, value: String)] {
    guard !libraries.isEmpty else { return [] }
    let others = OSPath.getenv("LD_PRELOAD") ?? ""
    let paths = libraries.map(\.path) + (others.isEmpty ? [] : [others])
    return [("LD_PRELOAD", paths.joined(separator: ":"))] + libraries.flatMap(\.settings)
  }
}
