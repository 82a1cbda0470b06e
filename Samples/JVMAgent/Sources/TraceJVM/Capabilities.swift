import CJVM

/// Requests the JVMTI capabilities that the agent needs.
///
/// Capabilities that have a cost even while their notification is disabled are requested only if a
/// session is known to need them. They must be requested before HotSpot starts: for exceptions, it
/// compiles each throw in a slow form (measured: 200 ns became 17 us through 12 frames); for calls,
/// its interpreter checks each call.
enum Capabilities {
  /// Bytes between two allocation samples, on average; the CLR's tick.
  static let samplingIntervalBytes: Int32 = 100 * 1024

  /// Requests capabilities; returns the modes that can be enabled, or nil (after printing the
  /// reason) if a requested one is not available.
  static func request(_ options: AgentOptions, of tool: ToolInterface) -> EventModes? {
    var modes: EventModes = [.otherCode]
    var basic = jvmtiCapabilities()
    basic.can_generate_garbage_collection_events = 1
    basic.can_generate_compiled_method_load_events = 1
    basic.can_get_line_numbers = 1
    basic.can_get_source_file_name = 1
    guard tool.add(basic) else {
      Agent.say("this virtual machine does not report collections and compiled methods")
      return nil
    }
    modes.formUnion([.collections, .methodCode])

    var binding = jvmtiCapabilities()
    binding.can_generate_native_method_bind_events = 1
    if tool.add(binding) { modes.insert(.images) }

    var sampling = jvmtiCapabilities()
    sampling.can_generate_sampled_object_alloc_events = 1
    if tool.add(sampling), tool.setSamplingInterval(bytes: samplingIntervalBytes) {
      modes.insert(.allocations)
    }

    var monitors = jvmtiCapabilities()
    monitors.can_generate_monitor_events = 1
    if tool.add(monitors) { modes.insert(.monitors) }
    var owners = jvmtiCapabilities()
    owners.can_get_monitor_info = 1
    Monitors.prepare(asksForOwners: tool.add(owners) && options.owners)

    var marking = jvmtiCapabilities()
    marking.can_tag_objects = 1
    _ = tool.add(marking)

    if options.methods {
      var calls = jvmtiCapabilities()
      calls.can_generate_method_entry_events = 1
      calls.can_generate_method_exit_events = 1
      guard tool.add(calls) else {
        Agent.say(
          "methods=1 works only from the machine's start; load the agent with -agentpath: instead "
            + "of attaching it")
        return nil
      }
      modes.insert(.calls)
    }
    return modes
  }

  /// Requests exception events; returns the added modes, none if the machine has already started.
  static func requestExceptions(of tool: ToolInterface) -> EventModes {
    var exceptions = jvmtiCapabilities()
    exceptions.can_generate_exception_events = 1
    return tool.add(exceptions) ? [.thrown, .caught] : []
  }
}
