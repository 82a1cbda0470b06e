import Glibc
import Synchronization

/// Tells a program's author, on standard error, what is wrong with its providers: each once, and a
/// bounded number in all. Sessions hear it too, from ``SessionLink``.
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
