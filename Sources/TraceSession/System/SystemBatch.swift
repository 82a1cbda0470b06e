import TraceEvents
import TraceFormat

/// A batch of events, processes and losses passed from a source's thread to the drain's.
///
/// - Cost: no allocations in the long run, because it is reused.
final class SystemBatch: @unchecked Sendable {
  /// Events of one origin, for example a CPU, with ascending times except for small deviations.
  private struct Stretch {
    var stream: UInt32
    var cpu: UInt16
    var words: [UInt64] = []
  }

  /// The header of an event: ticks; reference, flags and count; process and thread.
  private static let headerWords = 3

  @exclusivity(unchecked) private var stretches: [Stretch] = []
  private var processes: [ProcessRecord] = []
  private var ends: [(index: UInt32, ticks: UInt64)] = []
  private var losses: [LossRecord] = []
  @exclusivity(unchecked) private var record = RecordWords()
  @exclusivity(unchecked) private(set) var eventCount = 0
  /// The size of the events so far.
  @exclusivity(unchecked) private(set) var byteCount = 0
  /// Whether another program describes the events, so that some may not match their schemas; these
  /// are counted as losses.
  var isForeign = false
  /// The time up to which this batch and earlier ones are complete.
  var completeTicks: UInt64?

  /// The data of an event besides its fields.
  struct Header {
    var ref: UInt16
    var flags: EventFlags = []
    var ticks: UInt64
    var process: UInt32
    var tid: UInt32
  }

  var isEmpty: Bool {
    eventCount == 0 && processes.isEmpty && ends.isEmpty && losses.isEmpty
  }

  /// Returns the stretch's index, for ``add(_:_:stretch:)``.
  func stretch(stream: UInt32, cpu: UInt16) -> Int {
    if let known = stretches.firstIndex(where: { $0.stream == stream }) { return known }
    stretches.append(Stretch(stream: stream, cpu: cpu))
    return stretches.count - 1
  }

  func add(process: ProcessRecord) { processes.append(process) }

  /// Changes the name of a process defined in this batch that now runs another program, if its path
  /// is not known.
  func rename(process index: UInt32, _ name: String) {
    let place = processes.lastIndex { $0.index == index }
    if let place, !processes[place].executable.contains("/") {
      processes[place].executable = name
    }
  }

  func add(endOf index: UInt32, atTicks ticks: UInt64) { ends.append((index, ticks)) }
  func add(loss: LossRecord) { losses.append(loss) }

  /// Adds an event. `words` contains the fields, followed by the stack if the flags state it.
  func add(_ header: Header, _ words: UnsafeBufferPointer<UInt64>, stretch: Int) {
    stretches[stretch].words.append(header.ticks)
    stretches[stretch].words.append(
      UInt64(header.ref) << 48 | UInt64(header.flags.rawValue) << 40 | UInt64(words.count))
    stretches[stretch].words.append(UInt64(header.process) << 32 | UInt64(header.tid))
    stretches[stretch].words.append(contentsOf: words)
    eventCount += 1
    byteCount += 8 * (words.count + Self.headerWords)
  }

  /// - Returns: the size of the fields in bytes; 0 if it exceeds ``RecordWords/bytesMax``, and the
  ///   event is left out.
  @discardableResult
  func add(_ event: some TraceEvent, stack: [UInt64] = [], _ header: Header, stretch: Int) -> Int {
    guard record.write({ event.encode(into: &$0) }) else { return 0 }
    stack.withUnsafeBufferPointer { record.append(stack: $0) }
    add(header, UnsafeBufferPointer(start: record.words, count: record.count), stretch: stretch)
    return (record.count - stack.count) * 8
  }

  /// Writes the batch, and empties it.
  func write(to writer: inout TraceWriter) {
    for process in processes { writer.define(process: process) }
    for index in stretches.indices where !stretches[index].words.isEmpty {
      writer.beginStretch(stream: stretches[index].stream, cpu: stretches[index].cpu)
      let refused = stretches[index].words.withUnsafeBufferPointer { Self.write($0, to: &writer) }
      // An event that does not match its schema would otherwise be an error in this program.
      assert(refused.count == 0 || isForeign)
      if refused.count > 0 { writer.loss(Self.loss(refused, stretches[index])) }
      stretches[index].words.removeAll(keepingCapacity: true)
    }
    for end in ends { writer.processEnded(index: end.index, atTicks: end.ticks) }
    for loss in losses { writer.loss(loss) }
    processes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    losses.removeAll(keepingCapacity: true)
    (eventCount, byteCount) = (0, 0)
  }

  private static func loss(_ refused: (count: UInt64, ticks: UInt64), _ stretch: Stretch)
    -> LossRecord
  {
    LossRecord(
      stream: stretch.stream, cpu: stretch.cpu, cause: .malformed, count: refused.count,
      fromTicks: refused.ticks, toTicks: refused.ticks)
  }

  /// Returns the number of events that the writer does not accept, and the time of the last.
  private static func write(
    _ words: UnsafeBufferPointer<UInt64>, to writer: inout TraceWriter
  ) -> (count: UInt64, ticks: UInt64) {
    var position = 0
    var refused: (count: UInt64, ticks: UInt64) = (0, 0)
    while position < words.count {
      let (ticks, what, who) = (words[position], words[position + 1], words[position + 2])
      let count = Int(what & 0xffff_ffff)
      position += headerWords
      let isAccepted = writer.append(
        ref: UInt16(truncatingIfNeeded: what >> 48), ticks: ticks,
        process: UInt32(truncatingIfNeeded: who >> 32), tid: UInt32(truncatingIfNeeded: who),
        flags: UInt8(truncatingIfNeeded: what >> 40), words: words.baseAddress! + position,
        count: count)
      if !isAccepted { refused = (refused.count + 1, ticks) }
      position += count
    }
    return refused
  }
}
