import Dispatch
import Glibc
import Locks
import Testing

/// Scripts/test also runs these tests with the thread sanitizer, which must not report a race.
@Suite struct LockTests {
  /// Each thread holds the lock for long enough for the others to wait for it in the kernel.
  @Test func threadsWaitForEachOther() {
    let counter = Lock(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<50 {
        counter.withLock { count in
          let before = count
          usleep(50)
          count = before + 1
        }
      }
    }
    #expect(counter.withLock { $0 } == 200)
  }

  @Test func anErrorReleasesTheLock() {
    struct Refused: Error {}
    let value = Lock(1)
    #expect(throws: Refused.self) { try value.withLock { _ in throw Refused() } }
    #expect(value.withLock { $0 } == 1)
  }

  @Test func theValueIsReleasedWithTheLock() {
    final class Content: Sendable {}
    weak var content: Content?
    do {
      let new = Content()
      content = new
      let lock = Lock(new)
      #expect(lock.withLock { $0 } === content)
    }
    #expect(content == nil)
  }

  @Test func aMonitorWaitsForAChange() {
    let monitor = Monitor(0)
    DispatchQueue.concurrentPerform(iterations: 2) { index in
      if index == 0 {
        for _ in 0..<100 { monitor.withLock { $0 += 1 } }
      } else {
        #expect(monitor.wait(nanoseconds: 60_000_000_000) { $0 == 100 })
      }
    }
    #expect(!monitor.wait(nanoseconds: 1_000_000) { $0 == 101 })
  }
}
