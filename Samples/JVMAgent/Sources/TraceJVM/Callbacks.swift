public import CJVM

extension Agent {
  /// The callbacks that the machine calls. JVMTI defines for each event what its callback may do.
  static var callbacks: jvmtiEventCallbacks {
    var callbacks = jvmtiEventCallbacks()
    callbacks.VMInit = { tool, environment, _ in
      // The start of the first thread may be notified before, or not at all.
      if let tool { ToolInterface(tool).rememberThread() }
      Agent.machineIsLive(environment)
    }
    callbacks.ThreadStart = { tool, _, _ in
      if let tool { ToolInterface(tool).rememberThread() }
    }
    callbacks.VMDeath = { _, _ in Agent.machineDies() }
    callbacks.GarbageCollectionStart = { _ in Collections.started() }
    callbacks.GarbageCollectionFinish = { _ in Collections.finished() }
    callbacks.CompiledMethodLoad = { tool, method, size, address, mapCount, map, _ in
      guard let tool, let method, let address else { return }
      CompiledCode.loaded(
        method, at: UInt64(UInt(bitPattern: address)), size: UInt32(bitPattern: size),
        map: UnsafeBufferPointer(start: map, count: map == nil ? 0 : Int(mapCount)),
        by: ToolInterface(tool))
    }
    callbacks.CompiledMethodUnload = { tool, method, address in
      guard let tool, let method, let address else { return }
      CompiledCode.unloaded(
        method, at: UInt64(UInt(bitPattern: address)), by: ToolInterface(tool))
    }
    callbacks.DynamicCodeGenerated = { _, name, address, size in
      guard let name, let address else { return }
      CompiledCode.generated(
        name, at: UInt64(UInt(bitPattern: address)), size: UInt32(bitPattern: size))
    }
    callbacks.Exception = { tool, environment, _, method, _, exception, _, _ in
      guard let tool, let environment, let exception else { return }
      Exceptions.thrown(exception, in: method, environment, by: ToolInterface(tool))
    }
    callbacks.ExceptionCatch = { tool, environment, _, method, _, exception in
      guard let tool, let environment else { return }
      Exceptions.caught(exception, in: method, environment, by: ToolInterface(tool))
    }
    callbacks.SampledObjectAlloc = { tool, _, _, _, type, size in
      guard let tool, let type else { return }
      Collections.sampled(type, size: Int64(size), by: ToolInterface(tool))
    }
    callbacks.NativeMethodBind = { _, _, _, _, _, _ in LoadedImages.emitNew() }
    callbacks.MethodEntry = { tool, _, _, method in
      guard let tool, let method else { return }
      Calls.entered(method, by: ToolInterface(tool))
    }
    callbacks.MethodExit = { _, _, _, method, byException, _ in
      guard let method else { return }
      Calls.left(method, byException: byException != 0)
    }
    callbacks.MonitorContendedEnter = { tool, environment, _, object in
      guard let tool, let environment, let object else { return }
      Monitors.enters(object, environment, by: ToolInterface(tool))
    }
    callbacks.MonitorContendedEntered = { tool, environment, _, object in
      guard let tool, let environment, let object else { return }
      Monitors.entered(object, environment, by: ToolInterface(tool))
    }
    callbacks.MonitorWait = { tool, environment, _, object, timeout in
      guard let tool, let environment, let object else { return }
      Monitors.waits(object, timeout, environment, by: ToolInterface(tool))
    }
    callbacks.MonitorWaited = { tool, environment, _, object, timedOut in
      guard let tool, let environment, let object else { return }
      Monitors.waited(object, timedOut: timedOut != 0, environment, by: ToolInterface(tool))
    }
    return callbacks
  }
}

/// Called when the machine starts with the agent on its command line or in JAVA_TOOL_OPTIONS.
@_cdecl("Agent_OnLoad")
public func agentOnLoad(
  _ machine: UnsafeMutablePointer<UnsafePointer<JNIInvokeInterface_>?>,
  _ options: UnsafeMutablePointer<CChar>?, _: UnsafeMutableRawPointer?
) -> Int32 {
  Agent.start(machine: machine, options: options, attached: false)
}

/// Called when the agent is loaded into a running machine (`jcmd PID JVMTI.agent_load`).
@_cdecl("Agent_OnAttach")
public func agentOnAttach(
  _ machine: UnsafeMutablePointer<UnsafePointer<JNIInvokeInterface_>?>,
  _ options: UnsafeMutablePointer<CChar>?, _: UnsafeMutableRawPointer?
) -> Int32 {
  Agent.start(machine: machine, options: options, attached: true)
}
