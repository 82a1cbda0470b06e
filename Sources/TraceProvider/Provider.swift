public import Synchronization
public import TraceEvents

/// What a provider offers: its keywords and event types.
public struct ProviderDescription: Sendable {
  public var keywords: [KeywordSchema]
  public var events: [any TraceEvent.Type]

  public init(keywords: [KeywordSchema] = [], events: [any TraceEvent.Type]) {
    self.keywords = keywords
    self.events = events
  }
}

/// A named source of events. Hold it in a global or `static let`, with a literal name and a closure
/// that captures nothing: then it is initialised by the linker and asking it costs a load and a test.
///
///     enum Shop {
///       static let provider = Provider("Shop") { ProviderDescription(events: [OrderPlaced.self]) }
///     }
///     Shop.provider.emit(OrderPlaced(id: 7))
public struct Provider: ~Copyable, Sendable {
  /// Address of the provider's event table; 0 until it is registered.
  @usableFromInline let table: Atomic<UInt>
  let name: StaticString
  let describe: @Sendable () -> ProviderDescription

  @inlinable @inline(__always)
  public init(_ name: StaticString, _ describe: @escaping @Sendable () -> ProviderDescription) {
    self.init(table: 0, name: name, describe: describe)
  }

  @usableFromInline @inline(__always)
  init(table: UInt, name: StaticString, describe: @escaping @Sendable () -> ProviderDescription) {
    self.table = Atomic(table)
    self.name = name
    self.describe = describe
  }

  /// Makes the provider known to sessions; the first `emit` does it too.
  ///
  /// - Cost: under 1 ms when nobody traces. When a session is waiting for this provider, returns when
  ///   it is enabled, or after 50 ms (`TRACE_REGISTER_TIMEOUT`, milliseconds).
  public borrowing func register() {}

  /// Whether any session wants this event now.
  public borrowing func isEnabled<E: TraceEvent>(_: E.Type) -> Bool { false }

  /// Writes the event to every session that wants it. `event` is evaluated only when one does.
  @inline(__always)
  public borrowing func emit<E: TraceEvent>(_ event: @autoclosure () -> E) {}

  /// Called on the control thread whenever what sessions together want of this provider changes.
  /// Replaces the one set before; called at once when something is already wanted.
  public borrowing func onEnable(_ body: @escaping @Sendable (Enablement) -> Void) {}

  /// Called on the control thread when a session asks what already lives (methods compiled, images
  /// loaded, heap sizes). Events emitted through the argument go to that session only, marked as
  /// rundown.
  public borrowing func onCaptureState(
    _ body: @escaping @Sendable (borrowing CaptureState) -> Void
  ) {}
}

/// What all sessions together want of a provider.
public struct Enablement: Hashable, Sendable {
  /// False when no session has the provider enabled.
  public var isEnabled: Bool
  /// The most verbose level asked for.
  public var level: Level
  /// Every keyword asked for; all bits when a session asks for every event.
  public var keywords: Keywords
}

/// A session's request for a rundown.
public struct CaptureState: ~Copyable {
  let sessionBit: UInt8
  /// What this session asked for, so that only that is enumerated.
  public let keywords: Keywords
  public let level: Level

  /// Writes an event, marked as rundown, to the session that asked, if it wants it.
  public func emit<E: TraceEvent>(_ event: @autoclosure () -> E) {}
}
