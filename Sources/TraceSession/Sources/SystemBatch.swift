import TraceEvents
import TraceFormat

/// Events, processes and losses on their way from a source's thread to the drain's.
///
/// - Cost: no allocation in the long run, when it is used again.
final class SystemBatch: @unchecked Sendable {
  /// Events of one origin, for example a CPU, their times ascending but for small disorder.
  private struct Stretch {
    var stream: UInt32
    var cpu: UInt16
    var words: [UInt64] = []
  }

  /// Ticks; reference, flags and count; process and thread.
  private static let headerWords = 3

  private var stretches: [Stretch] = []
  private var processes: [ProcessRecord] = []
  private var ends: [(index: UInt32, ticks: UInt64)] = []
  private var losses: [LossRecord] = []
  private var record = RecordWords()
  private(set) var eventCount = 0
  /// This batch, and those before it, have everything up to these ticks.
  var completeTicks: UInt64?

  /// What an event has beside its fields.
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

  /// The stretch's position, for ``add(_:_:stretch:)``.
  func stretch(stream: UInt32, cpu: UInt16) -> Int {
    if let known = stretches.firstIndex(where: { $0.stream == stream }) { return known }
    stretches.append(Stretch(stream: stream, cpu: cpu))
    return stretches.count - 1
  }

  func add(process: ProcessRecord) { processes.append(process) }

  /// Another program runs in a process that this batch is the first to tell of: that is its name
  /// then, where no path is known.
  func rename(process index: UInt32, _ name: String) {
    let place = processes.lastIndex { $0.index == index }
    if let place, !processes[place].executable.contains("/") {
      processes[place].executable = name
    }
  }

  func add(endOf index: UInt32, atTicks ticks: UInt64) { ends.append((index, ticks)) }
  func add(loss: LossRecord) { losses.append(loss) }

  /// `words` are the fields, and after them the stack when the flags say so.
  func add(_ header: Header, _ words: UnsafeBufferPointer<UInt64>, stretch: Int) {
    stretches[stretch].words.append(header.ticks)
    stretches[stretch].words.append(
      UInt64(header.ref) << 48 | UInt64(header.flags.rawValue) << 40 | UInt64(words.count))
    stretches[stretch].words.append(UInt64(header.process) << 32 | UInt64(header.tid))
    stretches[stretch].words.append(contentsOf: words)
    eventCount += 1
  }

  /// - Returns: the bytes that the fields take; 0 when they are more than
  ///   ``RecordWords/bytesMax``, and the event is left out.
  @discardableResult
  func add(_ event: some TraceEvent, _ header: Header, stretch: Int) -> Int {
    guard record.write({ event.encode(into: &$0) }) else { return 0 }
    add(header, UnsafeBufferPointer(start: record.words, count: record.count), stretch: stretch)
    return record.count * 8
  }

  /// Writes all of it, and is empty then.
  func write(to writer: inout TraceWriter) {
    for process in processes { writer.define(process: process) }
    for index in stretches.indices where !stretches[index].words.isEmpty {
      writer.beginStretch(stream: stretches[index].stream, cpu: stretches[index].cpu)
      stretches[index].words.withUnsafeBufferPointer { Self.write($0, to: &writer) }
      stretches[index].words.removeAll(keepingCapacity: true)
    }
    for end in ends { writer.processEnded(index: end.index, atTicks: end.ticks) }
    for loss in losses { writer.loss(loss) }
    processes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    losses.removeAll(keepingCapacity: true)
    eventCount = 0
  }

  private static func write(_ words: UnsafeBufferPointer<UInt64>, to writer: inout TraceWriter) {
    var position = 0
    while position < words.count {
      let (ticks, what, who) = (words[position], words[position + 1], words[position + 2])
      let count = Int(what & 0xffff_ffff)
      position += headerWords
      // What does not fit its schema would be an error of this program's.
      let isAccepted = writer.append(
        ref: UInt16(truncatingIfNeeded: what >> 48), ticks: ticks,
        process: UInt32(truncatingIfNeeded: who >> 32), tid: UInt32(truncatingIfNeeded: who),
        flags: UInt8(truncatingIfNeeded: what >> 40), words: words.baseAddress! + position,
        count: count)
      assert(isAccepted)
      position += count
    }
  }
}
