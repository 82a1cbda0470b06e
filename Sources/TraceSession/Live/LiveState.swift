import TraceEvents
import TraceFormat

/// What a new reader needs of earlier data: definitions, and the events that describe processes,
/// threads, images and code.
///
/// For sessions whose trace cannot be read back. The events are kept as blocks of a separate trace,
/// so that they take as much memory as they would take space in a file.
///
/// - Cost: blocks that contain such events are decoded on the drain's thread. At most ``bytesMax``
///   bytes are kept; beyond that, the oldest blocks are dropped, and later readers receive a record
///   of that loss.
final class LiveState {
  static let bytesMax = 32 << 20

  private let session: SessionDescription
  private let fileID: UInt32
  private let trace: LiveTrace
  private var writer: TraceWriter
  private let kept = Kept()
  /// References of the types that describe processes, threads, images and code.
  private var stateTypes: Set<UInt16> = []
  private var defined: Set<UInt16> = []
  private var processes: Set<UInt32> = []
  private var words: [UInt64] = []

  private final class Kept {
    var blocks: [LiveBlock] = []
    var bytes = 0
    var forgotten: LossRecord?

    func add(_ block: LiveBlock) {
      guard block.kind == .events else { return }
      blocks.append(block)
      bytes += block.bytes.count
      while bytes > LiveState.bytesMax {
        let oldest = blocks.removeFirst()
        bytes -= oldest.bytes.count
        forgotten.add(oldest)
      }
    }
  }

  init(_ session: SessionDescription, fileID: UInt32) throws(FormatError) {
    self.session = session
    self.fileID = fileID
    trace = try LiveTrace()
    var options = TraceWriter.Options()
    options.fileID = fileID
    writer = try TraceWriter(path: "/dev/null", session: session, options: options)
    writer.onBlock = { [kept] block in if let block = LiveBlock(block) { kept.add(block) } }
    trace.replay.filter.admits = \.tellsState
    trace.replay.onAny { [unowned self] event in try keep(event) }
  }

  /// Whether a block has events that describe processes, threads, images or code.
  func concerns(_ block: LiveBlock) -> Bool { block.types.contains(where: stateTypes.contains) }

  func take(_ block: LiveBlock) throws {
    switch block.kind {
    case .names: return
    case .events where !concerns(block): return
    default: break
    }
    writer.beginStretch(stream: 0, cpu: EventHeader.noCPU)
    try block.bytes.withUnsafeBytes { try trace.feed($0) }
    guard block.kind == .definitions else { return }
    for type in trace.file.eventTypes where type.schema.tellsState { stateTypes.insert(type.ref) }
  }

  private func keep(_ event: borrowing RawEvent) throws {
    let header = event.header
    let type = trace.file.eventTypes[event.typeIndex]
    if defined.insert(type.ref).inserted { try writer.define(ref: type.ref, schema: type.schema) }
    if processes.insert(header.processIndex).inserted {
      writer.define(process: ProcessRecord(index: header.processIndex, pid: header.pid))
    }
    words.removeAll(keepingCapacity: true)
    event.appendWords(of: type.schema, to: &words)
    let count = words.count
    // Makes the pointer valid for events without fields.
    words.append(0)
    _ = writer.append(
      ref: type.ref, ticks: header.ticks, process: header.processIndex, tid: header.tid,
      flags: header.flags.subtracting(.stack).rawValue, words: words, count: count)
  }

  /// Returns the blocks that a new reader needs first, and the loss of dropped ones.
  func beginning() throws(FormatError) -> (blocks: [LiveBlock], forgotten: LossRecord?) {
    try writer.flush()
    let definitions = try trace.file.definitionBlocks(of: session, fileID: fileID)
    return (definitions + kept.blocks, kept.forgotten)
  }
}

extension LossRecord? {
  /// Adds a block's events to the loss.
  mutating func add(_ block: LiveBlock) {
    guard block.kind == .events else { return }
    var record =
      self
      ?? LossRecord(
        stream: StreamNumbers.unrecorded, cpu: EventHeader.noCPU, cause: .notKept, count: 0,
        fromTicks: block.firstTicks, toTicks: block.lastTicks)
    record.count += UInt64(block.count)
    record.fromTicks = Swift.min(record.fromTicks, block.firstTicks)
    record.toTicks = Swift.max(record.toTicks, block.lastTicks)
    self = record
  }
}
