public import CTraceShims
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
/// that captures nothing: then the linker initialises it, and a disabled event costs one load, a
/// test and a branch.
///
///     enum Shop {
///       static let provider = Provider("Shop") { ProviderDescription(events: [OrderPlaced.self]) }
///     }
///     Shop.provider.emit(OrderPlaced(id: 7))
///
/// - Guarantee: ``emit(_:)`` is async-signal-safe once the provider is registered, takes no lock
///   and allocates nothing.
/// - Trap: a provider lives as long as the process; one that is created in a function and dropped
///   stays registered. A provider that is not static costs three loads a disabled event.
public struct Provider: ~Copyable, Sendable {
  /// What the disabled check reads; see ``WantedHints``.
  @usableFromInline let hints: WantedHints
  /// Address of the provider's event rows; 0 until it is registered.
  @usableFromInline let rows: Atomic<UInt>
  /// The registry's record of it, retained for ever; 0 until someone asks.
  @usableFromInline let record: Atomic<UInt>
  @usableFromInline let name: StaticString
  @usableFromInline let describe: @Sendable () -> ProviderDescription

  @inlinable @inline(__always)
  public init(_ name: StaticString, _ describe: @escaping @Sendable () -> ProviderDescription) {
    hints = WantedHints()
    rows = Atomic(0)
    record = Atomic(0)
    self.name = name
    self.describe = describe
  }

  /// Makes the provider known to sessions; the first `emit` does it too. In a forked child, call it
  /// again before starting threads that emit: they do not wait for each other's first emit.
  ///
  /// - Cost: under 1 ms when nobody traces. When a session is waiting for this provider, returns
  ///   when it is enabled, or after 50 ms; after 30 s when the session has started this program
  ///   (`TRACE_REGISTER_TIMEOUT`, milliseconds, for both). Events that come before the session's
  ///   answer are then counted, and the session reports them as lost.
  /// - Trap: allocates and takes locks; call it before the first emit from a signal handler.
  public borrowing func register() {
    if rows.load(ordering: .acquiring) == 0 { registerSlow() } else { Registry.resumeAfterFork() }
  }

  /// Whether any session wants this event now. Registers the provider when it is not yet.
  ///
  /// - Cost: one load, a test and a branch when no session has enabled the provider; three loads
  ///   when one has, and does not want the event.
  @inlinable @inline(__always)
  public borrowing func isEnabled<E: TraceEvent>(_: E.Type) -> Bool {
    guard hints.mayBeWanted(E.self) else { return false }
    let row = Self.row(registeredRows(), E.self)
    let mask = trace_load_u8(&row.pointee.mask)
    return mask != 0 && (mask != .max || Self.isWanted(row))
  }

  /// Writes the event to every session that wants it. `event` is evaluated only when one does.
  ///
  /// - Cost: one load, a test and a branch when no session has enabled the provider; three loads
  ///   when one has, and does not want the event; about the clock's read when one wants it.
  /// - Trap: a session in block mode lets the caller wait when its buffers are full.
  @inlinable @inline(__always)
  public borrowing func emit<E: TraceEvent>(_ event: @autoclosure () -> E) {
    guard hints.mayBeWanted(E.self) else { return }
    let row = Self.row(registeredRows(), E.self)
    let mask = trace_load_u8(&row.pointee.mask)
    // Not marked as unlikely: the compiler does not inline into paths that are, and a call here
    // costs a third of what an event does.
    if mask != 0 { EventWriter.write(event(), row, mask: mask) }
  }

  /// Called on the control thread whenever what sessions together want of this provider changes.
  /// Replaces the one set before. Set it before the provider is registered, or it misses what is
  /// enabled by then.
  public borrowing func onEnable(_ body: @escaping @Sendable (Enablement) -> Void) {
    registration().setEnableHandler(body)
  }

  /// Called on the control thread when a session asks what already lives (methods compiled, images
  /// loaded, heap sizes). Events emitted through the argument go to that session only, marked as
  /// rundown. Set it before the provider is registered.
  public borrowing func onCaptureState(
    _ body: @escaping @Sendable (borrowing CaptureState) -> Void
  ) {
    registration().setCaptureStateHandler(body)
  }

  /// Address of the event rows; registers the provider first when it is not yet.
  @inlinable @inline(__always)
  borrowing func registeredRows() -> UInt {
    let address = rows.load(ordering: .relaxed)
    if _fastPath(address != 0) { return address }
    registerSlow()
    return rows.load(ordering: .relaxed)
  }

  @inlinable @inline(__always)
  static func row<E: TraceEvent>(
    _ address: UInt, _: E.Type
  ) -> UnsafeMutablePointer<trace_event_row> {
    UnsafeMutablePointer(bitPattern: address &+ UInt(E.eventID) &* 32).unsafelyUnwrapped
  }

  @usableFromInline @inline(never)
  borrowing func registerSlow() {
    let provider = registration()
    // Stored before the announcement: a closure that the announcement runs may emit.
    rows.store(UInt(bitPattern: provider.rows), ordering: .releasing)
    provider.announce()
  }

  borrowing func noteSlow(_ note: ProviderNote) { registration().add(note) }

  private borrowing func registration() -> RegisteredProvider {
    let known = record.load(ordering: .acquiring)
    if let pointer = UnsafeRawPointer(bitPattern: known) {
      return Unmanaged.fromOpaque(pointer).takeUnretainedValue()
    }
    let fresh = RegisteredProvider(
      name: name.description, describe(), hints: hints.staticBytes())
    let opaque = UInt(bitPattern: Unmanaged.passRetained(fresh).toOpaque())
    let (isMine, winner) = record.compareExchange(
      expected: 0, desired: opaque, ordering: .acquiringAndReleasing)
    if isMine { return fresh }
    Unmanaged.passUnretained(fresh).release()
    return Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: winner)!).takeUnretainedValue()
  }
}
