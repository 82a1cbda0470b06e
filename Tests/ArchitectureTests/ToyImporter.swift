import TraceEvents
import TraceFormat

/// Imports a log of garbage collections, one per line: nanoseconds since 1970, process id, thread
/// id, the collection's number, its oldest generation, its reason, and the program.
///
///     1700000000000000250 77 78 1 2 0 /usr/bin/shop
enum CollectionLog {
  private struct Line {
    var time: UInt64
    var pid, tid, number, generation, reason: UInt32
    var program: String

    /// Nil if the line has another format.
    init?(_ text: Substring) {
      let parts = text.split(separator: " ", maxSplits: 6)
      let numbers = parts.dropFirst().prefix(5).compactMap { UInt32($0) }
      guard parts.count == 7, numbers.count == 5, let first = UInt64(parts[0]) else { return nil }
      (time, program) = (first, String(parts[6]))
      (pid, tid) = (numbers[0], numbers[1])
      (number, generation, reason) = (numbers[2], numbers[3], numbers[4])
    }
  }

  /// Records the log as a trace. An invalid line is recorded as a loss, so that every report of the
  /// trace counts it.
  static func record(_ log: String, to sink: any ByteSink) throws(FormatError) {
    let lines = log.split(separator: "\n")
    var time = lines.lazy.compactMap(Line.init).first?.time ?? 0
    let start = ClockSync(ticks: time, monotonicNanoseconds: time, realtimeNanoseconds: time)
    var recorder = try Recorder(
      to: sink,
      session: SessionDescription(
        name: "collections", clock: .monotonic, ticksPerSecond: 1_000_000_000, start: start))
    var processes: [UInt32: UInt32] = [:]
    for text in lines {
      guard let line = Line(text) else {
        let loss = LossRecord(
          stream: StreamNumbers.imported(0), cpu: EventHeader.noCPU, cause: .malformed, count: 1,
          fromTicks: time, toTicks: time)
        recorder.addLoss(loss)
        continue
      }
      time = line.time
      let process =
        processes[line.pid]
        ?? recorder.addProcess(ProcessRecord(pid: line.pid, executable: line.program))
      processes[line.pid] = process
      try recorder.append(
        GCStart(
          count: line.number, depth: line.generation, reason: GCReason(rawValue: line.reason)),
        RecordHeader(ticks: time, process: process, tid: line.tid))
    }
    try recorder.finish()
  }
}
