import Glibc
import Synchronization

/// Reports errors in providers to the program's author on standard error: each error once, and a
/// bounded number in total. ``SessionLink`` also reports them to sessions.
enum ProviderFaults {
  static let linesMax = 16
  private static let lines = Atomic<Int>(0)

  static func report(_ faults: [String], of provider: String) {
    for fault in faults {
      let line = lines.add(1, ordering: .relaxed).oldValue
      if line < linesMax { write("tracing: provider '\(provider)': \(fault)\n") }
      if line == linesMax { write("tracing: further faults of providers are not shown\n") }
    }
  }

  private static func write(_ line: String) {
    var line = line
    line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress!, $0.count) }
  }
}
