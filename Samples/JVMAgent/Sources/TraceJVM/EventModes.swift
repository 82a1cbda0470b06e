import CJVM
import TraceEvents
import TraceProvider

/// A set of the machine's notifications.
struct EventModes: OptionSet, Hashable {
  var rawValue: UInt16

  static let collections = EventModes(rawValue: 1 << 0)
  static let methodCode = EventModes(rawValue: 1 << 1)
  static let otherCode = EventModes(rawValue: 1 << 2)
  static let images = EventModes(rawValue: 1 << 3)
  static let thrown = EventModes(rawValue: 1 << 4)
  static let caught = EventModes(rawValue: 1 << 5)
  static let allocations = EventModes(rawValue: 1 << 6)
  static let calls = EventModes(rawValue: 1 << 7)
  /// Not a notification: see ``AllocationStalls``.
  static let stalls = EventModes(rawValue: 1 << 8)
  static let monitors = EventModes(rawValue: 1 << 9)

  init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The notifications needed for the enabled events of the Runtime provider.
  init(_ wanted: Enablement) {
    self = []
    guard wanted.isEnabled else { return }
    let filter = EnableFilter(level: wanted.level, any: wanted.keywords)
    for (modes, event) in Self.feeds {
      let schema = event.schema
      if filter.admits(level: schema.level, keywords: schema.keywords) { formUnion(modes) }
    }
  }

  private static let feeds: [(EventModes, any TraceEvent.Type)] = [
    (.collections, GCStart.self),
    (.stalls, GCAllocationStall.self),
    (.methodCode, MethodLoad.self),
    (.methodCode, MethodILToNativeMap.self),
    (.otherCode, SymbolLoad.self),
    (.images, ImageLoad.self),
    (.thrown, ExceptionThrown.self),
    (.caught, ExceptionCaught.self),
    (.allocations, GCAllocationTick.self),
    (.calls, MethodEnter.self),
    (.monitors, ContentionStart.self),
    (.monitors, MonitorWaitStart.self),
  ]

  /// The machine's events for each mode, in the order in which to enable them; they are disabled in
  /// reverse order. No start is therefore reported without its end.
  private static let events: [(EventModes, [jvmtiEvent])] = [
    (
      .collections,
      [JVMTI_EVENT_GARBAGE_COLLECTION_FINISH, JVMTI_EVENT_GARBAGE_COLLECTION_START]
    ),
    (.methodCode, [JVMTI_EVENT_COMPILED_METHOD_UNLOAD, JVMTI_EVENT_COMPILED_METHOD_LOAD]),
    (.otherCode, [JVMTI_EVENT_DYNAMIC_CODE_GENERATED]),
    (.images, [JVMTI_EVENT_NATIVE_METHOD_BIND]),
    (.thrown, [JVMTI_EVENT_EXCEPTION]),
    (.caught, [JVMTI_EVENT_EXCEPTION_CATCH]),
    (.allocations, [JVMTI_EVENT_SAMPLED_OBJECT_ALLOC]),
    (.calls, [JVMTI_EVENT_METHOD_EXIT, JVMTI_EVENT_METHOD_ENTRY]),
    (
      .monitors,
      [
        JVMTI_EVENT_MONITOR_CONTENDED_ENTERED, JVMTI_EVENT_MONITOR_CONTENDED_ENTER,
        JVMTI_EVENT_MONITOR_WAITED, JVMTI_EVENT_MONITOR_WAIT,
      ]
    ),
  ]

  /// Enables and disables notifications to change the set to `wanted`.
  ///
  /// Must be called while the machine loads agents or, on a thread known to the machine, while it
  /// is live.
  static func switchOver(from current: EventModes, to wanted: EventModes, by tool: ToolInterface) {
    for (mode, events) in Self.events
    where !mode.isDisjoint(with: current.symmetricDifference(wanted)) {
      let enabled = wanted.contains(mode)
      for event in enabled ? events : events.reversed() {
        _ = tool.setEvent(event, enabled: enabled)
      }
    }
  }
}
