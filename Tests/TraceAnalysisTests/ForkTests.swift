import Testing
import TraceEvents

@testable import TraceAnalysis

/// Announcements after a fork concern only the announcing process, in a whole file and in a growing
/// one.
@Suite struct ForkTests {
  enum Source: CaseIterable {
    case events, jitdump, perfMap
  }

  /// Events and lookups in order of time, in milliseconds.
  private struct Script {
    var steps: [ScriptStep] = []
    var source: Source

    mutating func tell(_ event: any TraceEvent, _ pid: UInt32, at time: Int64) {
      steps.append(
        ScriptStep(time: .ms(time), pid: pid, kind: .event(event, isRundown: false)))
    }

    /// - Parameter since: the time of compilation, for sources that state it.
    mutating func announce(
      _ name: String, _ pid: UInt32, at time: Int64, since: Int64? = nil, doubt: UInt64 = 0
    ) {
      let since = UInt64(Int64.ms(since ?? time))
      switch source {
      case .events:
        tell(
          MethodLoad(
            methodID: 0, startAddress: 0x1000, size: 0x100, namespace: "", name: name,
            signature: ""), pid, at: time)
      case .jitdump:
        tell(
          CodeLoad(
            address: 0x1000, size: 0x100, codeIndex: 0, source: .jitdump, name: name,
            since: since), pid, at: time)
      case .perfMap:
        tell(
          CodeLoad(
            address: 0x1000, size: 0x100, codeIndex: 0, source: .perfMap, name: name,
            since: since, doubt: .ms(doubt)), pid, at: time)
      }
    }

    mutating func fork(_ pid: UInt32, from parent: UInt32, at time: Int64) {
      tell(ProcessStart(parentPID: parent, name: ""), pid, at: time)
    }

    mutating func ask(_ pid: UInt32, at time: Int64) {
      steps.append(
        ScriptStep(time: .ms(time), pid: pid, kind: .lookup(0x1010, isCaller: false)))
    }

    /// The answers, which are the same in both modes; "?" where uncertain, "-" where unnamed.
    func answers() -> [String] {
      let file = steps.answersOfFile()
      let live = steps.answersOfStream(
        LiveSymbolizer(session: testSession(), options: .test))
      #expect(file == live)
      return file.keys.sorted().map { index in
        guard let name = file[index]!.name else { return "-" }
        return name.prefix { $0 != " " } + (file[index]!.isUncertain ? "?" : "")
      }
    }
  }

  @Test(arguments: Source.allCases)
  func whatTheParentAnnouncesAfterTheForkIsTheParents(_ source: Source) {
    var script = Script(source: source)
    script.announce("former", 1, at: 10)
    script.ask(1, at: 20)
    script.fork(2, from: 1, at: 100)
    script.ask(2, at: 150)
    script.announce("parents", 1, at: 200)
    script.ask(1, at: 210)
    script.ask(2, at: 220)
    script.announce("childs", 2, at: 300)
    script.ask(1, at: 310)
    script.ask(2, at: 320)
    let answers = script.answers()
    #expect(answers == ["former", "former", "parents", "former", "parents", "childs"])
  }

  /// Nothing existed at the fork: the slack for late announcements applies only to the announcing
  /// process.
  @Test(arguments: Source.allCases)
  func aLateAnnouncementIsNoChilds(_ source: Source) {
    var script = Script(source: source)
    script.fork(2, from: 1, at: 100)
    script.ask(1, at: 150)
    script.ask(2, at: 150)
    script.announce("parents", 1, at: 300)
    script.ask(2, at: 400)
    #expect(script.answers() == ["parents", "-", "-"])
  }

  /// Code that was compiled before the fork but read after it belongs to both processes.
  @Test func whatCameAboutBeforeTheForkIsTheChildsToo() {
    var script = Script(source: .jitdump)
    script.fork(2, from: 1, at: 100)
    script.announce("both", 1, at: 180, since: 90)
    script.ask(1, at: 200)
    script.ask(2, at: 200)
    #expect(script.answers() == ["both", "both"])
  }

  /// A grandchild inherits code from the first process, even if the child between them was reported
  /// later.
  @Test func aForkOfAForkHasWhatBothHadByThen() {
    var script = Script(source: .jitdump)
    script.announce("first", 1, at: 10)
    script.fork(2, from: 1, at: 100)
    script.fork(3, from: 2, at: 200)
    script.announce("second", 2, at: 250, since: 150)
    script.announce("third", 2, at: 260, since: 240)
    script.ask(1, at: 300)
    script.ask(2, at: 300)
    script.ask(3, at: 300)
    #expect(script.answers() == ["first", "third", "second"])
  }

  @Test(arguments: Source.allCases) func anExecHasNothingOfIt(_ source: Source) {
    var script = Script(source: source)
    script.announce("former", 1, at: 10)
    script.fork(2, from: 1, at: 100)
    script.tell(ProcessExec(name: ""), 2, at: 110)
    script.announce("parents", 1, at: 120)
    script.ask(2, at: 130)
    #expect(script.answers() == ["-"])
  }

  /// If a perf map was read before and after a fork, it is unknown on which side of the fork an
  /// entry was written.
  @Test func anEntryOfAPerfMapAboutTheForkIsUncertain() {
    var script = Script(source: .perfMap)
    script.announce("former", 1, at: 10)
    script.fork(2, from: 1, at: 100)
    script.announce("next", 1, at: 150, doubt: 90)
    script.ask(1, at: 50)
    script.ask(1, at: 70)
    script.ask(1, at: 160)
    script.ask(2, at: 500)
    #expect(script.answers() == ["former", "former?", "next", "former?"])
    script = Script(source: .perfMap)
    script.fork(2, from: 1, at: 100)
    script.announce("maybe", 1, at: 150, doubt: 90)
    script.ask(2, at: 500)
    #expect(script.answers() == ["maybe?"])
    script = Script(source: .perfMap)
    script.fork(2, from: 1, at: 100)
    script.announce("parents", 1, at: 150, doubt: 40)
    script.ask(2, at: 500)
    #expect(script.answers() == ["-"])
  }
}

/// Remapped memory: whether compiled code in it continues to exist.
@Suite struct RemappedCodeTests {
  private func answers(_ path: String, _ then: [any TraceEvent], asking: [UInt64]) -> [String] {
    let image = ImageMap(
      baseAddress: 0x1000, size: 0x2000, fileOffset: 0x4000, path: path, inode: 7)
    var events: [any TraceEvent] = [image]
    for address in [0x1000, 0x2000] as [UInt64] {
      events.append(
        CodeLoad(
          address: address, size: 0x100, codeIndex: 0, source: .jitdump,
          name: "at\(address >> 12)"))
    }
    let told = (events + then).enumerated().map { index, event in
      ScriptStep(
        time: .ms(Int64(index + 1) * 10), pid: 1, kind: .event(event, isRundown: false))
    }
    let steps =
      told
      + asking.map {
        ScriptStep(time: .ms(5000), pid: 1, kind: .lookup($0 + 8, isCaller: false))
      }
    let file = steps.answersOfFile()
    #expect(
      file == steps.answersOfStream(LiveSymbolizer(session: testSession(), options: .test)))
    return file.keys.sorted().map { index in
      (file[index]!.name.map { String($0.prefix { $0 != " " }) } ?? "-")
        + (file[index]!.isUncertain ? "?" : "")
    }
  }

  private func map(
    _ path: String, _ start: UInt64, _ size: UInt64, offset: UInt64, inode: UInt64 = 7
  ) -> ImageMap {
    ImageMap(baseAddress: start, size: size, fileOffset: offset, path: path, inode: inode)
  }

  @Test(arguments: ["/tmp/cache.bin", "/tmp/ffi (deleted)", "/dev/shm/jit-1", "//anon"])
  func aMappingThatIsReportedAgainEndsNothing(_ path: String) {
    let whole = map(path, 0x1000, 0x2000, offset: 0x4000)
    // A part of it, as when only its protection changes; and merged with an adjacent mapping.
    let part = map(path, 0x2000, 0x1000, offset: 0x5000)
    let grown = map(path, 0x1000, 0x4000, offset: 0x4000)
    #expect(
      answers(path, [whole, part, whole, grown], asking: [0x1000, 0x2000]) == ["at1", "at2"])
  }

  @Test func anotherFileOrAnotherPlaceEndsIt() {
    let path = "/tmp/cache.bin"
    #expect(
      answers(path, [map("/lib/x.so", 0x2000, 0x1000, offset: 0)], asking: [0x1000, 0x2000])
        == ["at1", "/lib/x.so!first"])
    #expect(
      answers(path, [map(path, 0x2000, 0x1000, offset: 0)], asking: [0x1000, 0x2000])
        == ["at1", "/tmp/cache.bin!first"])
  }

  @Test func whatMayBeOtherMemoryIsUncertainUntilItIsAnnouncedAgain() {
    let maybe = CodeReplaced(address: 0x1000, size: 0x2000, isSure: false)
    #expect(answers("//anon", [maybe], asking: [0x1000, 0x2000]) == ["at1?", "at2?"])
    let again = CodeLoad(
      address: 0x2000, size: 0x100, codeIndex: 0, source: .jitdump, name: "at2")
    #expect(answers("//anon", [maybe, again], asking: [0x1000, 0x2000]) == ["at1?", "at2"])
    let sure = CodeReplaced(address: 0x2000, size: 0x1000, isSure: true)
    #expect(answers("//anon", [sure], asking: [0x1000, 0x2000]) == ["at1", "-"])
  }
}
