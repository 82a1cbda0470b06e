import CJVM
import Glibc
import Synchronization
import TraceEvents
import TraceProvider

/// Lets the machine report its compiled code again: the callbacks run on the requesting thread, and
/// get the audience of their events from here.
enum Replay {
  enum Audience {
    /// A live event, for all sessions.
    case everyone
    /// A live event for code that was not announced before.
    case everyoneOnce
    case session(UnsafePointer<CaptureState>)
  }

  /// The replaying thread, as a number; 0 for none. One thread at a time, which holds
  /// `Agent.state`.
  private static let thread = Atomic<UInt>(0)
  nonisolated(unsafe) private static var audience = Audience.everyone

  /// The audience of this thread's callbacks.
  static var currentAudience: Audience {
    thread.load(ordering: .relaxed) == UInt(pthread_self()) ? audience : .everyone
  }

  /// Reports existing code to a session.
  static func run(for capture: borrowing CaptureState) {
    if capture.isEnabled(ImageLoad.self) { LoadedImages.emitAll(to: capture) }
    let methods = capture.isEnabled(MethodLoad.self) || capture.isEnabled(MethodILToNativeMap.self)
    let symbols = capture.isEnabled(SymbolLoad.self)
    let calls = capture.isEnabled(MethodEnter.self)
    guard methods || symbols || calls else { return }
    withUnsafePointer(to: capture) { pointer in
      let unshared = Unshared(pointer)
      Agent.state.withLock { state in
        guard state.phase == .live, let tool = state.tool else {
          if state.phase != .dead { state.owesCode = true }
          return
        }
        let modes = state.applied.intersection(
          EventModes(methods ? [.methodCode] : []).union(symbols ? [.otherCode] : []))
        state.machine?.withThisThreadAttached {
          generate(modes, by: tool, for: .session(unshared.pointer))
          if methods, let environment = state.machine?.environment() {
            JavaStack.emitAll(to: unshared.pointer.pointee, by: tool, environment)
          }
          if calls { Calls.emitNames(to: unshared.pointer.pointee, by: tool) }
        }
      }
    }
  }

  /// Emits live events for code that no callback has reported.
  static func emitRemaining(_ modes: EventModes, by tool: ToolInterface) {
    generate(modes, by: tool, for: .everyoneOnce)
  }

  private static func generate(
    _ modes: EventModes, by tool: ToolInterface, for audience: Audience
  ) {
    self.audience = audience
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    if modes.contains(.otherCode) { _ = tool.generate(JVMTI_EVENT_DYNAMIC_CODE_GENERATED) }
    if modes.contains(.methodCode) { _ = tool.generate(JVMTI_EVENT_COMPILED_METHOD_LOAD) }
    thread.store(0, ordering: .relaxed)
    self.audience = .everyone
  }

  /// A pointer that stays on this thread although a lock's closure captures it.
  private struct Unshared: @unchecked Sendable {
    let pointer: UnsafePointer<CaptureState>
    init(_ pointer: UnsafePointer<CaptureState>) { self.pointer = pointer }
  }
}
