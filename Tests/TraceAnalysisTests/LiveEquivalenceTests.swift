import TestSupport
import Testing
import TraceEvents

@testable import TraceAnalysis

/// For any announcements, in any order within the hold window, immediately answered lookups finally
/// have the names that the whole file yields.
@Suite(.randomized) struct LiveEquivalenceTests {
  static let second: Int64 = 1_000_000_000

  /// Random events of some processes: code that is loaded, unloaded, moved, overlapping, announced
  /// late, only at its end, twice, or by two sources; images; forks, execs, exits.
  struct Life {
    var random: SeededGenerator
    var steps: [ScriptStep] = []
    var time: Int64 = 1000
    private var pids: [UInt32] = [1]

    init(seed: UInt64) { random = SeededGenerator(seed &* 0xd134_2543_de82_ef95) }

    mutating func address() -> UInt64 { 0x10000 + 16 * UInt64.random(in: 0..<64, using: &random) }

    mutating func size() -> UInt64 { 16 * UInt64.random(in: 1...8, using: &random) }

    mutating func run(_ count: Int) -> [ScriptStep] {
      while steps.count < count {
        time += Int64.random(in: 1...20_000_000, using: &random)
        let pid = pids.randomElement(using: &random)!
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50: add(.lookup(address(), isCaller: Bool.random(using: &random)), pid)
        case 50..<94: tellOfCode(pid)
        default: tellOfProcess(pid)
        }
      }
      return steps
    }

    private mutating func add(_ kind: ScriptStep.Kind, _ pid: UInt32) {
      steps.append(ScriptStep(time: time, pid: pid, kind: kind))
    }

    private mutating func tell(_ event: any TraceEvent, _ pid: UInt32, isRundown: Bool = false) {
      add(.event(event, isRundown: isRundown), pid)
    }

    private mutating func tellOfCode(_ pid: UInt32) {
      let name = "m\(Int.random(in: 0..<40, using: &random))"
      let id = UInt64.random(in: 0..<3, using: &random)
      let (start, size) = (address(), UInt32(size()))
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<8:
        tell(
          MethodLoad(
            methodID: id, moduleID: 0, startAddress: start, size: size, namespace: "",
            name: name, signature: ""), pid, isRundown: Int.random(in: 0..<6, using: &random) == 0)
      case 8..<13:
        tell(
          MethodUnload(
            methodID: id, moduleID: 0, startAddress: start, size: size, namespace: "",
            name: Bool.random(using: &random) ? name : "", signature: ""), pid)
      case 13:
        tell(
          MethodMove(
            methodID: id, oldStartAddress: start, newStartAddress: address(), size: size), pid)
      case 14..<17:
        // Announced up to a second after the change.
        let since = UInt64(max(1, time - Int64.random(in: 0...900_000_000, using: &random)))
        let source: CodeSource = Bool.random(using: &random) ? .jitdump : .perfMap
        tell(
          CodeLoad(
            address: start, size: UInt64(size), codeIndex: id, source: source, name: name,
            since: Bool.random(using: &random) ? since : 0,
            doubt: source == .perfMap ? UInt64.random(in: 0...200_000_000, using: &random) : 0),
          pid)
      case 17:
        tell(
          Bool.random(using: &random)
            ? CodeClear(source: .jitdump, since: 0)
            : CodeReplaced(
              address: start & ~0xff, size: 0x100, isSure: Bool.random(using: &random)), pid)
      default:
        let path = Bool.random(using: &random) ? "/lib/\(name).so" : "//anon"
        tell(
          ImageMap(
            baseAddress: start & ~0xff, size: UInt64(size) * 4, fileOffset: 0, path: path), pid,
          isRundown: Int.random(in: 0..<4, using: &random) == 0)
      }
    }

    private mutating func tellOfProcess(_ pid: UInt32) {
      switch Int.random(in: 0..<6, using: &random) {
      case 0...1:
        let child = UInt32.random(in: 2...6, using: &random)
        guard child != pid else { return }
        tell(ProcessStart(parentPID: pid, name: ""), child)
        if !pids.contains(child) { pids.append(child) }
      case 2: tell(ProcessExec(name: ""), pid)
      case 3: tell(ProcessStop(parentPID: 0), pid)
      default: break
      }
    }

    /// Delays each step by up to `reach`.
    mutating func disordered(_ steps: [ScriptStep], reach: Int64) -> [ScriptStep] {
      steps.map { ($0, $0.time + Int64.random(in: 0...reach, using: &random)) }
        .sorted { $0.1 < $1.1 }.map(\.0)
    }
  }

  /// One script in three is in order; the others have delays of up to 0.9 s.
  static func steps(_ seed: Int) -> [ScriptStep] {
    var life = Life(seed: UInt64(seed))
    let told = life.run(1500)
    return seed % 3 == 0 ? told : life.disordered(told, reach: second * 9 / 10)
  }

  /// With a correction time as long as the trace, each lookup, named immediately or not, is
  /// notified of each change, and of nothing else.
  @Test(arguments: 0..<24) func inTheEndTheNamesAreTheFiles(seed: Int) {
    let steps = Self.steps(seed)
    var limits = LiveSymbolizer.Limits()
    limits.correctionNanoseconds = 600 * Self.second
    let names = LiveSymbolizer(session: testSession(), options: .test, limits: limits)
    let expected = steps.answersOfFile()
    let answers = steps.answersOfStream(names)
    #expect(expected.values.count { $0.name != nil } > 100)
    for (index, step) in steps.enumerated() where expected[index] != answers[index] {
      Issue.record(
        """
        look-up \(step) at \(step.time): the file has \(expected[index]!), \
        the stream \(answers[index]!)
        """)
    }
    #expect(names.statistics.backfilled > 0)
  }

  /// With a short correction time, a lookup that waits for its name still gets the file's name, and
  /// a final name is the one that the file had when it became final.
  @Test(arguments: 0..<24) func onlyFinalNamesStay(seed: Int) {
    let steps = Self.steps(seed)
    var limits = LiveSymbolizer.Limits()
    limits.correctionNanoseconds = 0
    let names = LiveSymbolizer(session: testSession(), options: .test, limits: limits)
    let expected = steps.answersOfFile()
    let answers = steps.answersOfStream(names)
    for (index, step) in steps.enumerated() where expected[index] != answers[index] {
      let final = step.time + limits.watchNanoseconds(.test)
      let isFinal =
        answers[index]?.name != nil && steps.wasAnswer(answers[index], at: index, about: final)
      #expect(isFinal, "look-up \(step) at \(step.time): \(expected[index]!), \(answers[index]!)")
    }
  }
}
