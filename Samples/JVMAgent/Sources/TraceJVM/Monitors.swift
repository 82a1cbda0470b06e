import CJVM
import Glibc
import Synchronization
import TraceEvents
import TraceProvider

/// Events about waits for the locks of objects, on the thread that waits.
///
/// - Cost: some microseconds for each wait, which itself takes at least as long. To learn who holds
///   a lock, the machine stops all threads; ``OwnerBudget`` bounds the time for that.
enum Monitors {
  /// What a thread waits for.
  private struct Waits {
    /// Maximum number of threads whose waits are measured at a time.
    static let threadsMax = 1 << 16

    private var begins: [UInt32: UInt64] = [:]

    mutating func begin(_ thread: UInt32, _ time: UInt64) {
      if begins[thread] != nil || begins.count < Self.threadsMax { begins[thread] = time }
    }

    /// Returns the length of the thread's wait; 0 if its beginning is not known.
    mutating func end(_ thread: UInt32, _ time: UInt64) -> UInt64 {
      begins.removeValue(forKey: thread).map { max(time, $0 + 1) - $0 } ?? 0
    }
  }

  private static let enters = Mutex(Waits())
  private static let notifications = Mutex(Waits())
  private static let budget = Mutex(OwnerBudget())
  private static let asksForOwners = Atomic(false)

  /// - Parameter asksForOwners: whether the machine permits it, and the options.
  static func prepare(asksForOwners: Bool) {
    Self.asksForOwners.store(asksForOwners, ordering: .relaxed)
  }

  static func enters(
    _ object: jobject, _ environment: UnsafeMutablePointer<JNIEnv?>, by tool: ToolInterface
  ) {
    let (lock, type) = (tool.identity(of: object), typeName(object, environment, tool))
    let thread = cjvm_thread_id()
    enters.withLock { $0.begin(thread, now()) }
    Runtime.provider.emit(
      ContentionStart(lockID: lock, lockType: type), stack: JavaStack.append(to:))
    tool.rememberThread()
    if asksForOwners.load(ordering: .relaxed), Runtime.provider.isEnabled(ContentionOwner.self) {
      emitOwner(of: object, lock, environment, tool)
    }
  }

  static func entered(
    _ object: jobject, _ environment: UnsafeMutablePointer<JNIEnv?>, by tool: ToolInterface
  ) {
    let duration = enters.withLock { $0.end(cjvm_thread_id(), now()) }
    Runtime.provider.emit(
      ContentionStop(
        duration: duration, lockID: tool.identity(of: object),
        lockType: typeName(object, environment, tool)),
      stack: { _ in })
  }

  static func waits(
    _ object: jobject, _ timeout_ms: jlong, _ environment: UnsafeMutablePointer<JNIEnv?>,
    by tool: ToolInterface
  ) {
    let (lock, type) = (tool.identity(of: object), typeName(object, environment, tool))
    let limit = UInt64(clamping: timeout_ms).multipliedReportingOverflow(by: 1_000_000)
    tool.rememberThread()
    notifications.withLock { $0.begin(cjvm_thread_id(), now()) }
    Runtime.provider.emit(
      MonitorWaitStart(
        lockID: lock, lockType: type, timeout: limit.overflow ? .max : limit.partialValue),
      stack: JavaStack.append(to:))
  }

  static func waited(
    _ object: jobject, timedOut: Bool, _ environment: UnsafeMutablePointer<JNIEnv?>,
    by tool: ToolInterface
  ) {
    let duration = notifications.withLock { $0.end(cjvm_thread_id(), now()) }
    Runtime.provider.emit(
      MonitorWaitStop(
        lockID: tool.identity(of: object), lockType: typeName(object, environment, tool),
        duration: duration, timedOut: timedOut),
      stack: { _ in })
  }

  private static func emitOwner(
    of object: jobject, _ lock: UInt64, _ environment: UnsafeMutablePointer<JNIEnv?>,
    _ tool: ToolInterface
  ) {
    let begin = now()
    guard budget.withLock({ $0.take(at: begin) }) else { return }
    defer { budget.withLock { $0.spent(from: begin, to: now()) } }
    guard let owner = tool.owner(of: object, environment) else { return }
    defer { environment.pointee!.pointee.DeleteLocalRef(environment, owner) }
    Runtime.provider.emit(
      ContentionOwner(
        lockID: lock, ownerThreadID: tool.id(of: owner),
        ownerThreadName: tool.name(of: owner, environment)),
      stack: { JavaStack.append(owner, to: &$0) })
  }

  private static func typeName(
    _ object: jobject, _ environment: UnsafeMutablePointer<JNIEnv?>, _ tool: ToolInterface
  ) -> String {
    let functions = environment.pointee!.pointee
    guard let type = functions.GetObjectClass(environment, object) else { return "" }
    defer { functions.DeleteLocalRef(environment, type) }
    return tool.name(of: type).clipped(toBytes: TextLimit.nameBytes)
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// Decides which waits may look up who holds the lock: one at a time, so that all look-ups together
/// take at most a hundredth of the time, and 50 ms more.
struct OwnerBudget {
  private static let share: UInt64 = 100
  private static let creditMax_ns: Int64 = 50_000_000

  /// Time that look-ups may take from now on; negative after one that took long.
  private var credit = creditMax_ns
  private var since: UInt64 = 0
  private var isTaken = false

  /// Returns whether a look-up may begin; if so, no other may until ``spent(from:to:)``.
  mutating func take(at time: UInt64) -> Bool {
    guard !isTaken else { return false }
    let earned = time > since ? (time - since) / Self.share : 0
    if earned > 0 {
      credit = min(credit + Int64(clamping: min(earned, 1 << 60)), Self.creditMax_ns)
      since = time
    }
    isTaken = credit > 0
    return isTaken
  }

  mutating func spent(from begin: UInt64, to end: UInt64) {
    isTaken = false
    credit -= Int64(clamping: min(end > begin ? end - begin : 0, 1 << 40))
  }
}
