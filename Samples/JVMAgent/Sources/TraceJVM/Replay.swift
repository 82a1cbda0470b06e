import CJVM
import Glibc
import Synchronization
import TraceEvents
import TraceProvider

/// The machine telling again what it compiled: the callbacks run on the thread that asked, and ask
/// here whom their events are for.
enum Replay {
  enum Audience {
    /// A live event, for everybody.
    case everyone
    /// A live event too, for code that nobody was told of.
    case everyoneOnce
    case session(UnsafePointer<CaptureState>)
  }

  /// The thread that replays, as a number; 0 for none. One does at a time, holding `Agent.state`.
  private static let thread = Atomic<UInt>(0)
  nonisolated(unsafe) private static var audience = Audience.everyone

  /// For whom this thread's callbacks emit.
  static var currentAudience: Audience {
    thread.load(ordering: .relaxed) == UInt(pthread_self()) ? audience : .everyone
  }

  /// Answers a session that asks what already lives.
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

  /// Emits, as live events, the code that no callback has told of.
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

  /// A pointer that stays on this thread although a lock's closure sees it.
  private struct Unshared: @unchecked Sendable {
    let pointer: UnsafePointer<CaptureState>
    init(_ pointer: UnsafePointer<CaptureState>) { self.pointer = pointer }
  }
}
