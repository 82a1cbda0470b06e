import TestSupport
import Testing
import TraceEvents
import TraceFormat

/// The events of each worker in a storm's trace.
final class StormTrace {
  /// A worker of one process of the trace.
  struct Key: Hashable {
    var pid: UInt32
    var worker: UInt32
  }

  struct Sequence {
    var first: UInt64
    var last: UInt64
    var count: UInt64 = 1
    /// Whether each number was greater than the previous one.
    var isAscending = true

    /// Whether nothing is missing between the first and the last.
    var isWhole: Bool { isAscending && last - first + 1 == count }
  }

  private(set) var workers: [Key: Sequence] = [:]
  private(set) var countByName: [String: UInt64] = [:]
  private(set) var eventCount: UInt64 = 0
  private(set) var lost: [LossCause: UInt64] = [:]
  private(set) var stackDepths: Set<Int> = []
  var lostCount: UInt64 { lost.values.reduce(0, +) }

  /// - Parameter limit: leaves out events with higher ticks.
  init(path: String, upTo limit: UInt64 = .max) throws {
    let file = try TraceFile(path: path)
    #expect(file.damage.isEmpty, "\(file.damage)")
    for total in file.lossTotals { lost[total.cause, default: 0] += total.count }
    let replay = Replay(file)
    var names: [Int: UInt64] = [:]
    replay.onAny { [self] event in
      guard event.header.ticks <= limit else { return }
      names[event.typeIndex, default: 0] += 1
      note(
        Key(pid: event.header.pid, worker: UInt32(truncatingIfNeeded: event.word(1))),
        event.word(0))
    }
    try replay.run()
    for (index, count) in names { countByName[file.eventTypes[index].schema.name] = count }
  }

  private func note(_ key: Key, _ sequence: UInt64) {
    eventCount += 1
    guard var known = workers[key] else {
      workers[key] = Sequence(first: sequence, last: sequence)
      return
    }
    known.isAscending = known.isAscending && sequence > known.last
    known.count += 1
    known.last = sequence
    workers[key] = known
  }

  /// Each worker's events are in the order in which it emitted them.
  func expectOrder(sourceLocation: SourceLocation = #_sourceLocation) {
    for (key, sequence) in workers where !sequence.isAscending {
      Issue.record("worker \(key) is out of order", sourceLocation: sourceLocation)
    }
  }

  /// Nothing is missing: each worker's numbers go from 1 without a gap.
  func expectWhole(emitted: UInt64, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(lost.isEmpty, "\(lost)", sourceLocation: sourceLocation)
    #expect(eventCount == emitted, sourceLocation: sourceLocation)
    for (key, sequence) in workers where sequence.first != 1 || !sequence.isWhole {
      Issue.record("worker \(key) has gaps: \(sequence)", sourceLocation: sourceLocation)
    }
  }

  /// Every emitted event is in the file or counted as lost.
  func expectAccounted(emitted: UInt64, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
      eventCount + lostCount == emitted, "\(eventCount) read, lost \(lost)",
      sourceLocation: sourceLocation)
    expectOrder(sourceLocation: sourceLocation)
  }
}
