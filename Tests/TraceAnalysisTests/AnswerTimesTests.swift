import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

/// The times for which answers are valid: the part of a trace that is read, and the order, do not
/// change names.
@Suite(.randomized) struct AnswerTimesTests {
  private static let start: UInt64 = 0x7f00_0000_1000

  private static func load(_ name: String, _ address: UInt64 = start) -> MethodLoad {
    MethodLoad(
      methodID: 0, startAddress: address, size: 0x100, namespace: "", name: name, signature: "")
  }

  private static func unload(_ name: String, _ address: UInt64 = start) -> MethodUnload {
    MethodUnload(
      methodID: 0, startAddress: address, size: 0x100, namespace: "", name: name, signature: "")
  }

  private static func loss(_ pid: UInt32?, _ times: ClosedRange<Int64>) -> LossRecord {
    LossRecord(
      stream: 0, cpu: 0, cause: .bufferFull, count: 1,
      fromTicks: SampledTrace.start + UInt64(times.lowerBound),
      toTicks: SampledTrace.start + UInt64(times.upperBound), processIndex: pid)
  }

  // MARK: Ranges of times

  @Test func namesAreLearntFromBeforeAndAfterTheRange() throws {
    let trace = try NamedTrace {
      $0.add(Self.load("early"), at: .ms(1), pid: 7)
      $0.sample(at: .ms(5000), pid: 7, stack: [Self.start + 8])
      $0.add(Self.unload("early"), at: .ms(5500), pid: 7)
      $0.sample(at: .ms(6000), pid: 7, stack: [Self.start + 8])
      $0.sample(at: .ms(7500), pid: 7, stack: [Self.start + 8])
      $0.add(Self.load("late"), at: .ms(8000), pid: 7)
      $0.add(Self.load("since ever", Self.start + 0x1000), at: .ms(9000), pid: 7, isRundown: true)
      $0.sample(at: .ms(9500), pid: 7, stack: [Self.start + 0x1008])
    }
    #expect(try trace.stacks(in: .ms(5000) ... .ms(5000)) == ["[jit]!early 1"])
    #expect(try trace.stacks(in: .ms(5600) ... .ms(7000)) == ["?!? (announced too late) 1"])
    #expect(try trace.stacks(in: .ms(7000) ... .ms(7999)) == ["[jit]!late 1"])
    #expect(trace.name(Self.start + 0x1008, at: .ms(10)) == "since ever")
    #expect(try trace.stacks(in: .ms(5001) ... .ms(5999)).isEmpty)
  }

  /// A trace with short-lived code that is announced late and in rundowns; with processes that
  /// fork, exec and end; and with losses.
  private func eventfulTrace(_ random: inout SeededGenerator) throws -> NamedTrace {
    let name = { (index: Int) in "f\(index)" }
    return try NamedTrace {
      for pid in [7, 8] as [UInt32] { $0.process(pid, "p") }
      for index in 1...400 as ClosedRange<Int> {
        let pid: UInt32 = Bool.random(using: &random) ? 7 : 8
        let address = Self.start + UInt64.random(in: 0..<4, using: &random) * 0x80
        let time = UInt64.ms(UInt64(index) * 100)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<12:
          $0.add(
            Self.load(name(index), address), at: time, pid: pid,
            isRundown: Int.random(in: 0..<6, using: &random) == 0)
        case 12..<20: $0.add(Self.unload("", address), at: time, pid: pid)
        case 20: $0.add(ProcessStart(parentPID: 15 - pid, name: "p"), at: time, pid: pid)
        case 21: $0.add(ProcessExec(name: "p"), at: time, pid: pid)
        case 22: $0.add(ProcessStop(parentPID: 1), at: time, pid: pid)
        case 23:
          let from = Int64(time) - .ms(Int64.random(in: 0..<200, using: &random))
          $0.writer.loss(Self.loss(Bool.random(using: &random) ? pid : nil, from...Int64(time)))
        default: $0.sample(at: time, pid: pid, stack: [address + 0x40, address + 0x60])
        }
      }
    }
  }

  /// Each stack's total samples in all ranges.
  private func sums(_ stacks: [String]) -> [String: Int] {
    stacks.reduce(into: [:]) { sums, line in
      let place = line.lastIndex(of: " ")!
      sums[String(line[..<place]), default: 0] += Int(line[line.index(after: place)...])!
    }
  }

  /// A trace read in parts, in any order, has the same names as when read as a whole.
  @Test func piecesHaveTheNamesOfTheWhole() throws {
    var seen: Set<String> = []
    for seed in 1...30 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed)
      let trace = try eventfulTrace(&random)
      let cuts = Set((0..<6).map { _ in Int64.random(in: 1..<400, using: &random) * .ms(100) })
      let bounds = [Int64(0)] + cuts.sorted() + [Int64.max]
      var pieces = zip(bounds, bounds.dropFirst()).map { $0...($1 - 1) }
      pieces.shuffle(using: &random)
      let inPieces = sums(try pieces.flatMap { try trace.stacks(in: $0) })
      // A new symbolizer, so that cached answers of those lookups are not used.
      var again = SeededGenerator(seed)
      let whole = sums(try eventfulTrace(&again).stacks())
      #expect(inPieces == whole, "seed \(seed)")
      seen.formUnion(whole.keys)
    }
    for reason in [UnresolvedReason.neverAnnounced, .announcedTooLate, .unloaded, .eventsLost] {
      #expect(seen.contains { $0.contains(reason.label) }, "no sample is \(reason.label)")
    }
  }

  // MARK: Losses

  /// A loss affects names from one second before it to ten seconds after it, to the nanosecond.
  @Test(arguments: [7, nil] as [UInt32?])
  func theReachOfALoss(_ loser: UInt32?) throws {
    let trace = try NamedTrace {
      $0.add(Self.load("known"), at: .ms(1), pid: 7)
      $0.writer.loss(Self.loss(loser, .ms(20_000) ... .ms(21_000)))
      $0.sample(at: .ms(60_000), pid: 7, stack: [Self.start + 8])
    }
    let (lost, never) = ("(events lost)", "(never announced)")
    let times: [(Int64, String)] = [
      (.ms(19_000) - 1, never), (.ms(19_000), lost), (.ms(31_000), lost), (.ms(31_000) + 1, never),
    ]
    // In both orders.
    for (time, reason) in times + times.reversed() {
      #expect(trace.name(0x1234, at: time) == reason, "\(time)")
      #expect(trace.name(Self.start + 8, at: time) == "known")
    }
    #expect(trace.name(0x1234, at: .ms(25_000), pid: 9) == (loser == nil ? lost : never))
  }

  /// A program whose exec and maps were lost has no names for as long as it runs.
  @Test(arguments: [7, nil] as [UInt32?])
  func aProcessOfWhichNothingWasTold(_ loser: UInt32?) throws {
    let trace = try NamedTrace {
      $0.add(Self.load("known"), at: .ms(1), pid: 7)
      $0.writer.loss(Self.loss(loser, .ms(20_000) ... .ms(21_000)))
      $0.sample(at: .ms(600_000), pid: 9, stack: [Self.start + 8])
    }
    let (lost, never) = ("(events lost)", "(never announced)")
    // It was not announced before the loss either, so the loss is not the reason.
    #expect(trace.name(0x1234, at: .ms(19_000) - 1, pid: 9) == never)
    #expect(trace.name(0x1234, at: .ms(600_000), pid: 9) == (loser == nil ? lost : never))
    #expect(trace.name(0x1234, at: .ms(600_000), pid: 7) == never)
  }

  /// An answer's time range ends where a loss's reach begins or ends, for unloaded code, too.
  @Test func answersHoldBetweenTheReachesOfLosses() throws {
    for seed in 1...40 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed)
      var losses: [(pid: UInt32?, times: ClosedRange<Int64>)] = []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let from = Int64.random(in: 0..<90_000, using: &random)
        let until = from + Int64.random(in: 0..<3000, using: &random)
        losses.append(([7, 9, nil].randomElement(using: &random)!, .ms(from) ... .ms(until)))
      }
      let trace = try NamedTrace {
        $0.add(Self.load("gone"), at: .ms(1), pid: 7)
        $0.add(Self.unload("gone"), at: .ms(2), pid: 7)
        $0.process(9, "")
        for loss in losses { $0.writer.loss(Self.loss(loss.pid, loss.times)) }
      }
      func isLost(_ time: Int64) -> Bool {
        losses.contains {
          $0.pid != 9 && $0.times.lowerBound <= time + .ms(1000)
            && $0.times.upperBound >= time - .ms(10_000)
        }
      }
      for _ in 0..<200 {
        let time = Int64.random(in: .ms(1000)...(.ms(120_000)), using: &random)
        let (found, span) = trace.symbolizer.resolveSpan(
          pid: 7, address: Self.start + 8, at: time, isCaller: false)
        let first = max(span.lowerBound, .ms(3))
        let last = min(span.upperBound, .ms(130_000))
        for other in [time, first, last, Int64.random(in: first...last, using: &random)] {
          let reason = isLost(other) ? UnresolvedReason.eventsLost : .unloaded
          #expect(found == .unresolved(reason, module: nil), "seed \(seed), \(time), \(other)")
        }
      }
    }
  }

  /// The same for a process that is never announced; there are few times at which answers change.
  @Test func answersForUnknownProcessesHoldBetweenLosses() throws {
    for seed in 1...40 as ClosedRange<UInt64> {
      var random = SeededGenerator(seed)
      var losses: [(pid: UInt32?, times: ClosedRange<Int64>)] = []
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let from = Int64.random(in: 0..<90_000, using: &random)
        let until = from + Int64.random(in: 0..<3000, using: &random)
        losses.append(([7, 9, nil].randomElement(using: &random)!, .ms(from) ... .ms(until)))
      }
      let trace = try NamedTrace {
        for pid in [7, 9] as [UInt32] { $0.process(pid, "") }
        for loss in losses { $0.writer.loss(Self.loss(loss.pid, loss.times)) }
      }
      func isLost(_ time: Int64) -> Bool {
        losses.contains {
          $0.pid != 9 && $0.times.lowerBound <= time + .ms(1000)
            && ($0.pid == nil || $0.times.upperBound >= time - .ms(10_000))
        }
      }
      var time = Int64(0)
      var changes = 0
      while time < .ms(130_000) {
        let (found, span) = trace.symbolizer.resolveSpan(
          pid: 7, address: Self.start + 8, at: time, isCaller: false)
        for other in [time, min(span.upperBound, .ms(130_000))] {
          let reason = isLost(other) ? UnresolvedReason.eventsLost : .neverAnnounced
          #expect(found == .unresolved(reason, module: nil), "seed \(seed), \(time), \(other)")
        }
        changes += 1
        guard span.upperBound < .max else { break }
        time = span.upperBound + 1
      }
      #expect(changes <= 2 * losses.count + 1, "seed \(seed)")
    }
  }
}
