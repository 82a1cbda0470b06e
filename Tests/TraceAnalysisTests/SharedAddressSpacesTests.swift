import Testing
import TraceEvents

@testable import TraceAnalysis

/// Processes that have one address space: what one of them announces is code of both, in a whole
/// file and in a growing one.
@Suite struct SharedAddressSpacesTests {
  /// Events and lookups in order of time, in milliseconds.
  private struct Script {
    var steps: [ScriptStep] = []

    mutating func tell(_ event: any TraceEvent, _ pid: UInt32, at time: Int64) {
      steps.append(
        ScriptStep(time: .ms(time), pid: pid, kind: .event(event, isRundown: false)))
    }

    mutating func fork(_ pid: UInt32, from parent: UInt32, at time: Int64, isShared: Bool = true) {
      tell(ProcessStart(parentPID: parent, name: ""), pid, at: time)
      if isShared { tell(AddressSpaceShared(parentPID: parent), pid, at: time) }
    }

    mutating func announce(_ name: String, _ pid: UInt32, at time: Int64, since: Int64? = nil) {
      tell(
        CodeLoad(
          address: 0x1000, size: 0x100, codeIndex: 0, source: .jitdump, name: name,
          since: UInt64(Int64.ms(since ?? time))), pid, at: time)
    }

    mutating func ask(_ pids: UInt32..., at time: Int64) {
      for pid in pids {
        steps.append(
          ScriptStep(time: .ms(time), pid: pid, kind: .lookup(0x1010, isCaller: false)))
      }
    }

    /// The answers, which are the same in both modes; "-" where unnamed.
    func answers() -> [String] {
      let file = steps.answersOfFile()
      let live = steps.answersOfStream(LiveSymbolizer(session: testSession(), options: .test))
      #expect(file == live)
      return file.keys.sorted().map { String(file[$0]!.name?.prefix { $0 != " " } ?? "-") }
    }
  }

  @Test func whatEitherAnnouncesNamesBoth() {
    var script = Script()
    script.announce("former", 1, at: 10)
    script.fork(2, from: 1, at: 100)
    script.ask(1, 2, at: 150)
    script.announce("parents", 1, at: 200)
    script.ask(1, 2, at: 210)
    script.announce("childs", 2, at: 300)
    script.ask(1, 2, at: 310)
    #expect(
      script.answers() == ["former", "former", "parents", "parents", "childs", "childs"])
  }

  @Test func aForkedChildSharesNothing() {
    var script = Script()
    script.announce("former", 1, at: 10)
    script.fork(2, from: 1, at: 100, isShared: false)
    script.announce("parents", 1, at: 200)
    script.ask(1, 2, at: 210)
    #expect(script.answers() == ["parents", "former"])
  }

  @Test func aChildOfAChildSharesWithAll() {
    var script = Script()
    script.fork(2, from: 1, at: 100)
    script.fork(3, from: 2, at: 150)
    script.announce("first", 1, at: 200)
    script.ask(1, 2, 3, at: 210)
    script.announce("last", 3, at: 300)
    script.ask(1, 2, 3, at: 310)
    #expect(script.answers() == ["first", "first", "first", "last", "last", "last"])
  }

  /// The parent or the child runs another program or ends; the other keeps the memory.
  @Test func anExecOrTheEndSeparatesThem() {
    for leaver: UInt32 in [1, 2] {
      for event: any TraceEvent in [ProcessExec(name: "x"), ProcessStop(parentPID: 0)] {
        var script = Script()
        script.fork(2, from: 1, at: 100)
        script.announce("shared", 1, at: 150)
        script.ask(1, 2, at: 160)
        script.ask(1, 2, at: 190)
        script.tell(event, leaver, at: 200)
        let other = 3 - leaver
        script.announce("others", other, at: 300)
        script.ask(leaver, other, at: 310)
        // Reported late: code from before the separation.
        script.announce("late", other, at: 400, since: 180)
        script.ask(other, at: 410)
        #expect(
          script.answers() == ["shared", "shared", "late", "late", "-", "others", "others"])
      }
    }
  }

  @Test func imagesAreShared() {
    var script = Script()
    script.fork(2, from: 1, at: 100)
    script.tell(
      ImageMap(baseAddress: 0x1000, size: 0x1000, fileOffset: 0, path: "/lib/x.so"), 1, at: 200)
    script.ask(1, 2, at: 210)
    let answers = script.answers()
    #expect(answers[0] == answers[1] && answers[0] != "-")
  }

  // MARK: Bounds

  @Test func groupsAreBounded() {
    var shared = SharedAddressSpaces()
    // A process that has one child after another.
    for child in 0..<5000 {
      shared.join(10_000 + UInt32(child), 1, at: Int64(child))
      #expect(shared.others(than: 1, at: Int64(child)) == [10_000 + UInt32(child)])
      shared.leave(10_000 + UInt32(child), at: Int64(child) + 1)
    }
    #expect(shared.groupCount <= SharedAddressSpaces.groupsOfProcessMax)
    // Many families.
    for pid: UInt32 in 0..<3000 { shared.join(100_001 + 2 * pid, 100_000 + 2 * pid, at: 10_000) }
    #expect(shared.groupCount == SharedAddressSpaces.groupsMax)
    // Many children at once.
    var large = SharedAddressSpaces()
    for child: UInt32 in 2..<100 { large.join(child, 1, at: 0) }
    #expect(large.others(than: 1, at: 0).count == SharedAddressSpaces.membersMax - 1)
    #expect(large.others(than: 99, at: 0).isEmpty)
  }

  @Test func repetitionsAreBounded() {
    var shared = SharedAddressSpaces()
    shared.join(2, 1, at: 0)
    var count = 0
    for _ in 0..<SharedAddressSpaces.copiesMax + 10 { count += shared.others(than: 1, at: 0).count }
    #expect(count == SharedAddressSpaces.copiesMax)
  }
}
