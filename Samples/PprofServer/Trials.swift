import Glibc
import TracePprof

/// What the tests do with a server.
enum Trials {
  /// Starts and stops servers, and prints the numbers of threads and descriptors afterwards.
  static func startAndStop(_ options: PprofOptions) throws {
    for round in 0..<40 {
      let server = try PprofServer.start(options)
      server.stop()
      if round == 9 || round == 39 { print(count("task"), count("fd")) }
    }
  }

  private static func count(_ directory: String) -> Int {
    guard let stream = opendir("/proc/self/" + directory) else { return -1 }
    defer { closedir(stream) }
    var count = 0
    while readdir(stream) != nil { count += 1 }
    return count
  }

  /// Blocks every thread of the cooperative pool.
  static func blockAllTasks() {
    for _ in 0..<4 * sysconf(Int32(_SC_NPROCESSORS_ONLN)) {
      Task.detached { blockedInTask() }
    }
    sleep(1)
  }

  @inline(never) private static func blockedInTask() { while true { sleep(1000) } }
}
