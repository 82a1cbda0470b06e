import CJVM
import Glibc
import Synchronization
import TraceEvents
import TraceProvider

/// The process's single agent: the machine's phase and the enabled notifications.
///
/// Sessions call on the engine's control thread, the machine on its own threads. ``state`` must be
/// held to change the machine's notifications; callbacks that emit never acquire it.
enum Agent {
  enum Phase {
    case absent
    /// In Agent_OnLoad: only the loading thread may enable notifications.
    case loading
    /// Between Agent_OnLoad and VMInit: no thread may.
    case starting
    /// Attached threads may.
    case live
    case dead
  }

  struct State: @unchecked Sendable {
    var phase = Phase.absent
    var machine: UnsafeMutablePointer<JavaVM?>?
    var tool: ToolInterface?
    /// The notifications that the machine supports.
    var possible: EventModes = []
    var wanted: EventModes = []
    var applied: EventModes = []
    /// Whether a session requested existing code before the machine could report it.
    var owesCode = false

    /// Explains to sessions why events that this machine cannot report are missing.
    func explainImpossible() {
      if !possible.contains(.thrown) {
        let text =
          "the virtual machine was started without exceptions; start it with the agent's option "
          + "exceptions=1, or by 'tracectl collect … -- java …'"
        Runtime.provider.explain(ExceptionThrown.self, text)
        Runtime.provider.explain(ExceptionCaught.self, text)
      }
      if !possible.contains(.calls) {
        let text =
          "the virtual machine was started without method calls; start it with the agent's option "
          + "methods=1"
        Runtime.provider.explain(MethodEnter.self, text)
        Runtime.provider.explain(MethodLeave.self, text)
      }
      if !possible.contains(.allocations) {
        Runtime.provider.explain(
          GCAllocationTick.self,
          "the virtual machine has no allocation samples; use JDK 11 or newer")
      }
    }

    mutating func apply() {
      guard let tool else { return }
      let target = wanted.intersection(possible)
      guard target != applied else { return }
      EventModes.switchOver(from: applied, to: target, by: tool)
      if !target.contains(.methodCode) { CodeTable.shared.removeAll() }
      applied = target
    }

    /// Updates the reports of allocation stalls. Called on an attached thread while the machine is
    /// live.
    func followStalls() {
      AllocationStalls.follow(wanted.contains(.stalls), machine?.environment())
    }
  }

  static let state = Mutex(State())

  /// Prints one sentence to stderr.
  static func say(_ text: String) {
    let line = Array("libtracejvm: \(text)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }

  // MARK: Start

  static func start(
    machine: UnsafeMutablePointer<JavaVM?>, options text: UnsafePointer<CChar>?, attached: Bool
  ) -> jint {
    let options: AgentOptions
    do throws(AgentOptions.Problem) {
      options = try AgentOptions(text.map { String(cString: $0) } ?? "")
    } catch {
      say(error.text)
      return JNI_ERR
    }
    guard state.withLock({ $0.phase == .absent }) else {
      say("already loaded into this process; the second load has no effect")
      return JNI_OK
    }
    guard let tool = ToolInterface(machine: machine) else {
      say("this virtual machine does not provide JVMTI 1.2; use a HotSpot JDK 11 or newer")
      return JNI_ERR
    }
    guard let possible = Capabilities.request(options, of: tool), tool.setCallbacks(callbacks),
      tool.setEvent(JVMTI_EVENT_VM_DEATH, enabled: true),
      tool.setEvent(JVMTI_EVENT_THREAD_START, enabled: true),
      attached || tool.setEvent(JVMTI_EVENT_VM_INIT, enabled: true)
    else { return JNI_ERR }
    state.withLock {
      $0.machine = machine
      $0.tool = tool
      $0.possible = possible
      $0.phase = attached ? .live : .loading
    }
    JavaStack.prepare(machine, tool)
    if attached {
      Throwable.prepare(machine.environment())
      HeapCounters.prepare()
      HeapInUse.prepare()
    }
    follow()
    state.withLock { state in
      let exceptions = options.exceptions ?? state.wanted.contains(.thrown)
      if exceptions { state.possible.formUnion(Capabilities.requestExceptions(of: tool)) }
      state.explainImpossible()
      guard !attached else { return }
      state.apply()
      state.phase = .starting
    }
    return JNI_OK
  }

  /// Registers the provider; a waiting session has enabled it when this returns.
  private static func follow() {
    Runtime.provider.onEnable { wanted in
      let modes = EventModes(wanted)
      state.withLock { state in
        state.wanted = modes
        guard state.phase == .live else { return }
        let isChanged = state.wanted.intersection(state.possible) != state.applied
        guard isChanged || AllocationStalls.isDue(state.wanted.contains(.stalls)) else { return }
        state.machine?.withThisThreadAttached {
          state.apply()
          state.followStalls()
        }
      }
    }
    Runtime.provider.onCaptureState { capture in Replay.run(for: capture) }
    Runtime.provider.register()
  }

  // MARK: Machine phases

  /// Called when the machine is live: handles the requests that sessions made while it started.
  static func machineIsLive(_ environment: UnsafeMutablePointer<JNIEnv?>?) {
    Throwable.prepare(environment)
    HeapCounters.prepare()
    HeapInUse.prepare()
    state.withLock { state in
      state.phase = .live
      state.apply()
      state.followStalls()
      if state.owesCode, let tool = state.tool {
        Replay.emitRemaining(state.applied, by: tool)
      }
      state.owesCode = false
      if state.applied.contains(.images) { LoadedImages.emitNew() }
    }
  }

  /// Called when the machine ends: reports compiled methods whose notification is still in the
  /// machine's queue.
  static func machineDies() {
    state.withLock { state in
      if let tool = state.tool { Replay.emitRemaining(state.applied, by: tool) }
      AllocationStalls.drain()
      state.phase = .dead
    }
  }
}
