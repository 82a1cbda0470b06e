import TestSupport
import Testing
import TraceEvents

@testable import TraceAnalysis

/// The frames of a stack are looked up and watched together, and get the same names as one by one.
@Suite(.randomized) struct LiveStacksTests {
  static let second: Int64 = 1_000_000_000

  private static func load(_ name: String, _ address: UInt64, id: UInt64? = nil) -> MethodLoad {
    MethodLoad(
      methodID: id ?? address, startAddress: address, size: 64, namespace: "", name: name,
      signature: "")
  }

  private static func unload(_ name: String, _ address: UInt64) -> MethodUnload {
    MethodUnload(
      methodID: address, startAddress: address, size: 64, namespace: "", name: name, signature: "")
  }

  /// However often a stack occurs, its frames are looked up once, and again where something was
  /// announced. An occurrence is one pending lookup.
  @Test func aRepeatedStackIsLookedUpOnce() {
    let names = LiveSymbolizer(session: testSession(), options: .test)
    let script = EventScript()
    names.listen(to: script)
    let frames = 31
    // Every frame is in a page of its own.
    let stack = (1...frames).map { UInt64($0) << 12 + 0x10 }
    for index in 1...frames {
      script.hand(Self.load("m\(index)", UInt64(index) << 12), pid: 1, at: 1)
    }
    let first = names.resolve(pid: 1, stack: stack, at: 2 * Self.second)
    for sample in 1..<1000 {
      let time = 2 * Self.second + Int64(sample) * 1_000_000
      #expect(names.resolve(pid: 1, stack: stack, at: time).answer === first.answer)
    }
    #expect(names.statistics.pending == 1000)
    #expect(names.naming.framesLooked == UInt64(frames))
    // Once settled, the other map has received the same announcements in the same order.
    names.advance(to: 5 * Self.second)
    #expect(names.naming.framesLooked == UInt64(frames))
    script.hand(Self.load("other", 7 << 12, id: 1), pid: 1, at: 5 * Self.second)
    let last = names.resolve(pid: 1, stack: stack, at: 6 * Self.second)
    #expect(last.answer.resolutions[6].symbolID.map { names.symbol($0).name } == "other")
    #expect(last.answer.resolutions[5] == first.answer.resolutions[5])
    #expect(names.naming.framesLooked == UInt64(frames + 1))
    names.finish()
    #expect(names.statistics.pending == 0 && names.statistics.backfilled == 0)
    // The frame that has changed is looked up again for the times before.
    #expect(names.naming.framesLooked <= UInt64(frames + 3))
    #expect(names.naming.answersMade <= 4)
  }

  /// A missing name does not make a repeated stack cost more.
  @Test func aRepeatedStackWithoutNamesIsLookedUpOnce() {
    var options = SymbolizerOptions()
    options.searchRoots = []
    let names = LiveSymbolizer(session: testSession(), options: options)
    for sample in 0..<1000 {
      let time = Int64(sample) * 10_000_000
      let lookup = names.resolve(pid: 1, stack: [0x1000, 0x2000, 0x3000], at: time)
      #expect(lookup.ticket != nil)
      #expect(lookup.answer.resolutions[2] == .unresolved(.neverAnnounced, module: nil))
    }
    names.finish()
    #expect(names.naming.framesLooked == 3)
  }

  /// If streams are out of order, the maps receive announcements in different orders, and the
  /// settled one decides.
  @Test func whatArrivedInAnotherOrderIsLookedUpAgain() {
    let names = LiveSymbolizer(session: testSession(), options: .test)
    let script = EventScript()
    names.listen(to: script)
    var changes: [LiveSymbolizer.ChangedStack] = []
    names.onStackChange = { changes.append($0) }
    script.hand(Self.load("second", 0x1000, id: 2), pid: 1, at: 200)
    let early = names.resolve(pid: 1, stack: [0x1010], at: 300)
    script.hand(Self.unload("second", 0x1000), pid: 1, at: 100)
    let looked = names.naming.framesLooked
    names.advance(to: 2 * Self.second)
    #expect(names.naming.framesLooked > looked)
    #expect(names.naming.answersMade >= 2)
    names.finish()
    let last = changes.last?.answer ?? early.answer
    #expect(last.resolutions[0].symbolID.map { names.symbol($0).name } == "second")
  }

  /// For any announcements, a stack's frames finally have the names that the whole file yields.
  @Test(arguments: 0..<12) func inTheEndTheNamesAreTheFiles(seed: Int) {
    var random = SeededGenerator(UInt64(seed + 1))
    let stacks = (0..<40).map { _ in
      (0..<Int.random(in: 1...5, using: &random)).map { _ in
        0x10000 + 16 * UInt64.random(in: 0..<64, using: &random)
      }
    }
    // Each lookup becomes one of a stack: a step per frame.
    var steps: [ScriptStep] = []
    var stackAt: [Int: [UInt64]] = [:]
    for step in LiveEquivalenceTests.steps(seed) {
      guard case .lookup = step.kind else {
        steps.append(step)
        continue
      }
      let stack = stacks.randomElement(using: &random)!
      stackAt[steps.count] = stack
      for (index, address) in stack.enumerated() {
        steps.append(
          ScriptStep(
            time: step.time, pid: step.pid, kind: .lookup(address, isCaller: index > 0)))
      }
    }
    var limits = LiveSymbolizer.Limits()
    limits.correctionNanoseconds = 600 * Self.second
    let names = LiveSymbolizer(session: testSession(), options: .test, limits: limits)
    let expected = steps.answersOfFile()
    let answers = Self.answers(to: steps, stackAt, names)
    #expect(expected.values.count { $0.name != nil } > 100)
    for (index, step) in steps.enumerated() where expected[index] != answers[index] {
      Issue.record(
        "\(step) at \(step.time): the file has \(expected[index]!), not \(answers[index]!)")
    }
    #expect(names.statistics.backfilled > 0)
  }

  private static func answers(
    to steps: [ScriptStep], _ stackAt: [Int: [UInt64]], _ names: LiveSymbolizer
  ) -> [Int: FinalAnswer] {
    let script = EventScript()
    names.listen(to: script)
    var answers: [Int: FinalAnswer] = [:]
    var waiting: [PendingTicket: Int] = [:]
    names.onStackChange = { change in
      for frame in change.changedFrames {
        answers[waiting[change.ticket]! + frame] = FinalAnswer(
          change.answer.resolutions[frame], names.symbol)
      }
    }
    for (index, step) in steps.enumerated() {
      if case .event(let event, let isRundown) = step.kind {
        script.hand(event, pid: step.pid, at: step.time, isRundown: isRundown)
      }
      guard let stack = stackAt[index] else { continue }
      let lookup = names.resolve(pid: step.pid, stack: stack, at: step.time)
      for (frame, resolution) in lookup.answer.resolutions.enumerated() {
        answers[index + frame] = FinalAnswer(resolution, names.symbol)
      }
      if let ticket = lookup.ticket { waiting[ticket] = index }
    }
    names.finish()
    return answers
  }

  /// The names of an answer remain valid as long as it exists, although ids are reused.
  @Test func anAnswerKeepsItsNames() {
    let names = LiveSymbolizer(session: testSession(), options: .test)
    let script = EventScript()
    names.listen(to: script)
    script.hand(Self.load("kept", 0x1000), pid: 1, at: 1)
    let answer = names.resolve(pid: 1, stack: [0x1010], at: 2).answer
    script.hand(Self.unload("kept", 0x1000), pid: 1, at: 3)
    for step in 0..<40_000 {
      let (address, time) = (UInt64(0x2000 + step % 16 * 64), Int64(step) * 1_000_000_000)
      script.hand(Self.load("m\(step)", address), pid: 1, at: time)
      script.hand(Self.unload("m\(step)", address), pid: 1, at: time + 1000)
    }
    #expect(names.statistics.symbols < 20_000)
    #expect(answer.resolutions[0].symbolID.map { names.symbol($0).name } == "kept")
  }

  /// The limit on waiting lookups also bounds the frames of their stacks and answers.
  @Test func framesThatWaitAreBounded() {
    var limits = LiveSymbolizer.Limits()
    limits.pendingMax = 1000
    let names = LiveSymbolizer(session: testSession(), options: .test, limits: limits)
    for step in 0..<500 as Range<UInt64> {
      let stack = (0..<50).map { step << 20 + UInt64($0) << 8 }
      _ = names.resolve(pid: 1, stack: stack, at: Int64(step))
    }
    // A lookup's stack and answer have 50 frames each.
    #expect(names.statistics.pending == 2 * 1000 / 100)
    #expect(names.statistics.expired == 480)
    #expect(names.reviews.pending.stacks.framesInUse == 1000)
    #expect(names.reviews.pending.stacks.frameCount <= 1000 + PendingStacks.idleFramesMax)
  }
}
