package import Glibc

/// Runs the parts of an analysis side by side.
package enum WorkerThreads {
  private final class Work: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Names are demangled with deep recursion; the limit on the main thread's stack (ulimit -s) may
  /// be far smaller.
  private static let stackBytes = 8 << 20

  /// Runs all parts, and returns when they are done: the first part on this thread, each other part
  /// on a thread of its own. A part for which no thread can be created runs on this one, too.
  static func run<Part: Sendable>(_ parts: [Part], _ run: @escaping @Sendable (Part) -> Void) {
    let threads = parts.dropFirst().map { part in start { run(part) } }
    if let first = parts.first { run(first) }
    for (part, thread) in zip(parts.dropFirst(), threads) {
      if let thread { pthread_join(thread, nil) } else { run(part) }
    }
  }

  /// Starts a thread, which must be joined; returns nil if none can be created.
  package static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)
    let work = Unmanaged.passRetained(Work(body))
    let code = pthread_create(
      &thread, &attributes,
      { work in
        Unmanaged<Work>.fromOpaque(work!).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    if code == 0 { return thread }
    work.release()
    return nil
  }
}
