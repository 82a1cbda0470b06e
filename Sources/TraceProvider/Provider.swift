public import CTraceShims
public import Synchronization
public import TraceEvents

/// A provider's keywords and event types.
public struct ProviderDescription: Sendable {
  public var keywords: [KeywordSchema]
  public var events: [any TraceEvent.Type]

  public init(keywords: [KeywordSchema] = [], events: [any TraceEvent.Type]) {
    self.keywords = keywords
    self.events = events
  }
}

/// A named source of events. Store it in a global or `static let`, with a literal name and a
/// closure that captures nothing. It is then initialized statically, and a disabled event costs one
/// load, a test and a branch.
///
///     enum Shop {
///       static let provider = Provider("Shop") { ProviderDescription(events: [OrderPlaced.self]) }
///     }
///     Shop.provider.emit(OrderPlaced(id: 7))
///
/// - Guarantee: once the provider is registered, ``emit(_:)`` is async-signal-safe, takes no lock
///   and does not allocate.
/// - Trap: a provider lives as long as the process. One that is created in a function and dropped
///   stays registered. A disabled event of a provider that is not static costs four loads.
public struct Provider: ~Copyable, Sendable {
  /// The bytes that the check for disabled events reads; see ``WantedHints``.
  @usableFromInline let hints: WantedHints
  /// Address of the provider's event rows; 0 until it is registered.
  @usableFromInline let rows: Atomic<UInt>
  /// The registry's record of the provider, retained forever; 0 until it is needed.
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

  /// Registers the provider with sessions. The first `emit` does so, too. In a forked child, call
  /// it again before starting threads that emit, because threads do not wait for each other's first
  /// emit.
  ///
  /// - Cost: under 1 ms if there is no session. If a session is waiting for this provider, returns
  ///   when the session has enabled it, or after 50 ms; after 30 s if the session started this
  ///   program (`TRACE_REGISTER_TIMEOUT`, milliseconds, sets both). Events emitted before the
  ///   session's answer are counted, and the session reports them as lost.
  /// - Trap: allocates and takes locks; call it before the first emit from a signal handler.
  public borrowing func register() {
    if rows.load(ordering: .acquiring) == 0 { registerSlow() } else { Registry.resumeAfterFork() }
  }

  /// Whether a session currently wants this event. Registers the provider if necessary.
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

  /// Writes the event to every session that wants it. `event` is evaluated only if a session wants
  /// it.
  ///
  /// - Cost: one load, a test and a branch when no session has enabled the provider; four loads
  ///   when one has, and does not want the event; about the clock's read when one wants it, and as
  ///   much again for each further session.
  /// - Trap: a session in block mode makes the caller wait when its buffers are full.
  @inlinable @inline(__always)
  public borrowing func emit<E: TraceEvent>(_ event: @autoclosure () -> E) {
    guard hints.mayBeWanted(E.self) else { return }
    let row = Self.row(registeredRows(), E.self)
    let isSole = EventWriter.isSole(E.self, row)
    guard isSole || trace_load_u8(&row.pointee.mask) != 0 else { return }
    EventWriter.write(event(), row, isSole: isSole)
  }

  /// Sets a closure that runs on the control thread whenever the combined selection of all sessions
  /// changes. It replaces the previous closure. Set it before the provider is registered; otherwise
  /// it misses earlier changes.
  public borrowing func onEnable(_ body: @escaping @Sendable (Enablement) -> Void) {
    registration().setEnableHandler(body)
  }

  /// Sets a closure that runs on the control thread when a session requests a rundown of existing
  /// state (compiled methods, loaded images, heap sizes). Events emitted through its argument go
  /// only to that session, and are marked as rundown. Set it before the provider is registered.
  public borrowing func onCaptureState(
    _ body: @escaping @Sendable (borrowing CaptureState) -> Void
  ) {
    registration().setCaptureStateHandler(body)
  }

  /// Address of the event rows. Registers the provider if necessary.
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
    UnsafeMutablePointer(
      bitPattern: address &+ UInt(E.eventID) &* UInt(MemoryLayout<trace_event_row>.stride)
    ).unsafelyUnwrapped
  }

  @usableFromInline @inline(never)
  borrowing func registerSlow() {
    let provider = registration()
    // Stored before the announcement, because a closure run by the announcement may emit.
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
