import CTraceShims
import Glibc
import Locks

/// A thread with a name, started once and joined once.
package final class NamedThread: Sendable {
  private final class Start {
    let name: StaticString
    let body: @Sendable () -> Void

    init(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  private let handle = Lock<pthread_t?>(nil)

  /// The stack size. The limit on the main thread's stack (ulimit -s) may be much smaller.
  private static let stackBytes = 8 << 20

  /// The thread blocks all signals, which are left to the program's threads.
  package init(
    _ name: StaticString, _ body: @escaping @Sendable () -> Void
  ) throws(SessionError) {
    var every = sigset_t()
    var before = sigset_t()
    sigfillset(&every)
    pthread_sigmask(SIG_SETMASK, &every, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let start = Unmanaged.passRetained(Start(name, body))
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackBytes)
    let code = pthread_create(&thread, &attributes, Self.main, start.toOpaque())
    guard code == 0 else {
      start.release()
      throw .system(call: "pthread_create", code: code)
    }
    handle.withLock { $0 = thread }
  }

  /// Waits until the thread has ended. Repeated calls do nothing.
  package func join() {
    let thread = handle.withLock { handle in
      defer { handle = nil }
      return handle
    }
    if let thread { pthread_join(thread, nil) }
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
    let start = Unmanaged<Start>.fromOpaque($0!).takeRetainedValue()
    start.name.withUTF8Buffer {
      $0.baseAddress!.withMemoryRebound(to: CChar.self, capacity: $0.count) {
        trace_name_thread($0)
      }
    }
    start.body()
    return nil
  }
}
