public import TraceEvents

/// Writes one trace file.
///
/// Definitions (events, providers, processes) go first, then the events that refer to them, ring by
/// ring: ``beginStretch(stream:cpu:)``, then ``append(ref:ticks:process:tid:flags:words:count:)``.
///
/// - Guarantee: the file is readable at every moment up to the last whole block. After an error
///   (``failure``) nothing more is written and events are dropped, not kept.
/// - Cost: memory is bounded: a block's events, a stack table, and some bytes a block for the index.
public struct TraceWriter: ~Copyable {
  /// Bounds of a block.
  public struct Options: Sendable {
    /// Events a block, at most 65,536.
    public var blockEvents = 65_536
    /// Bytes of records a block.
    public var blockBytes = 4 << 20

    public init() {}
  }

  /// Called with every finished block's bytes, header included, of whatever kind, after it was written.
  public var onBlock: ((UnsafeRawBufferPointer) -> Void)?
  /// The first error met.
  public private(set) var failure: FormatError?
  /// Bytes in the file.
  public private(set) var byteCount: UInt64 = 0
  /// Events appended.
  public private(set) var eventCount: UInt64 = 0

  /// Creates the file, or empties it.
  public init(
    path: String, session: SessionDescription, options: Options = Options()
  ) throws(FormatError) {
    try self.init(descriptor: -1, path: path, session: session, options: options)
  }

  /// Takes over a descriptor that is open for writing at its start; `path` is what messages call it.
  public init(
    descriptor: Int32, path: String, session: SessionDescription, options: Options = Options()
  ) throws(FormatError) {
  }

  /// Says what events with this reference look like. Once a reference, before its first event.
  public mutating func define(ref: UInt16, schema: EventSchema) throws(FormatError) {}

  /// A provider's name and keywords; its events are defined one by one.
  public mutating func define(provider: ProviderSchema) {}

  /// A process; again with the same index to say more about it.
  public mutating func define(process: ProcessRecord) {}

  public mutating func processEnded(index: UInt32, atTicks ticks: UInt64) {}

  /// Readers map ticks to nanoseconds between such moments: one at each flush is enough.
  public mutating func clockSync(_ sync: ClockSync) {}

  public mutating func loss(_ record: LossRecord) {}

  /// The following events come from this ring, ticks ascending.
  public mutating func beginStretch(stream: UInt32, cpu: UInt16) {}

  /// Adds an event. `words` are its fields as ``EventEncoder`` wrote them, and after them, when `flags`
  /// has ``EventFlags/stack``, the stack's addresses, innermost first.
  ///
  /// - Returns: false when the words do not fit the schema (or `ref` has none): nothing was added.
  /// - Cost: no allocation in the long run; every 65,536 events the block is encoded and written here.
  public mutating func append(
    ref: UInt16, ticks: UInt64, process: UInt32, tid: UInt32, flags: UInt8,
    words: UnsafePointer<UInt64>, count: Int
  ) -> Bool { false }

  /// Writes what was appended so far as a block.
  public mutating func flush() throws(FormatError) {}

  /// Writes what is left, the index and the end. Nothing may be written after it.
  public mutating func finish() throws(FormatError) {}
}
