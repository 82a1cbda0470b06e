import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Exceptions by type and message pattern.
@Suite struct ExceptionPassTests {
  private func process(
    _ selection: ReportSelection = ReportSelection(), _ body: (inout SampledTrace) throws -> Void
  ) throws -> ExceptionReport.Process {
    try #require(try report(of: ExceptionPass(selection), body).processes.first)
  }

  private func thrown(
    _ type: String = "A", _ message: String = "", again: Bool = false, in method: String = ""
  ) -> ExceptionThrown {
    ExceptionThrown(
      exceptionType: type, exceptionMessage: message,
      exceptionFlags: again ? .reThrown : ExceptionFlags(rawValue: 0), methodName: method)
  }

  @Test(arguments: [
    ("", ""), ("order 17 is late", "order # is late"), ("0x7f2C at 12ab", "# at #ab"),
    ("For input string: \"x12\"", "For input string: \"…\""), ("0x", "#x"),
    ("can't find 'a b' and 'c'", "can't find '…' and '…'"), ("half \"open", "half \"open"),
    ("Ünï 5", "Ünï #"),
  ])
  func patterns(message: String, pattern: String) {
    #expect(MessagePattern.of(message) == pattern)
  }

  @Test func longMessages() {
    let cut = MessagePattern.of(String(repeating: "ä", count: 5000))
    #expect(cut == String(repeating: "ä", count: 100) + "…")
    #expect(MessagePattern.of("x" + String(repeating: "ä", count: 5000)).hasSuffix("ä…"))
    #expect(MessagePattern.of(String(repeating: "1", count: 5000)) == "#…")
  }

  @Test func groupsAndRethrows() throws {
    let process = try process {
      $0.process(7, "/bin/shop")
      $0.add(thrown("A", "order 1", in: "f"), at: 10, pid: 7)
      $0.add(thrown("A", "order 22", in: "g"), at: 20, pid: 7)
      $0.add(thrown("A", "order 22", again: true, in: "g"), at: 25, pid: 7)
      $0.add(thrown("B", "order 3"), at: 1_000_000_010, pid: 7)
    }
    #expect(process.thrown == 3 && process.rethrown == 1 && process.caught == nil)
    #expect(process.perSecond(process.thrown) == 3)
    #expect(process.groups.map(\.type) == ["A", "B"])
    let first = process.groups[0]
    #expect(first.pattern == "order #" && first.message == "order 1" && first.rethrown == 1)
    #expect(first.first_ns == 10 && first.last_ns == 25)
    #expect(first.throwers.map(\.name) == ["g", "f"] && first.throwers.map(\.count) == [2, 1])
  }

  /// A handler belongs to the thread's latest throw of its type.
  @Test func handlers() throws {
    let process = try process {
      $0.add(thrown("A"), at: 10, pid: 7, tid: 1)
      $0.add(thrown("B"), at: 11, pid: 7, tid: 1)
      $0.add(thrown("A"), at: 12, pid: 7, tid: 2)
      $0.add(ExceptionCaught(methodName: "h", exceptionType: "B"), at: 13, pid: 7, tid: 1)
      $0.add(ExceptionCaught(methodName: "i", exceptionType: "A"), at: 14, pid: 7, tid: 1)
      // Its throw is missing.
      $0.add(ExceptionCaught(methodName: "i", exceptionType: "A"), at: 15, pid: 7, tid: 1)
    }
    #expect(process.caught == 2 && process.caughtWithoutThrow == 1)
    #expect(process.groups.map(\.caught) == [1, 1])
    #expect(process.groups.map { $0.catchers.map(\.name) } == [["i"], ["h"]])
  }

  @Test func aHandlerBehindALoss() throws {
    let process = try process {
      $0.add(thrown("A"), at: 10, pid: 7)
      $0.recorder.addLoss(
        LossRecord(
          stream: 0, cpu: 0, cause: .bufferFull, count: 5, fromTicks: SampledTrace.start + 11,
          toTicks: SampledTrace.start + 20))
      $0.add(ExceptionCaught(methodName: "h", exceptionType: "A"), at: 30, pid: 7)
    }
    #expect(process.caught == 0 && process.caughtWithoutThrow == 1)
  }

  /// Stacks have the names of the functions at the time of the throw.
  @Test func stacks() throws {
    let process = try process {
      $0.add(SymbolLoad(address: 0x1000, size: 0x100, name: "inner"), at: 1, pid: 7)
      $0.add(SymbolLoad(address: 0x2000, size: 0x100, name: "outer"), at: 1, pid: 7)
      $0.add(thrown(), at: 10, pid: 7, stack: [0x1010, 0x2010])
      $0.add(thrown(), at: 20, pid: 7, stack: [0x1020, 0x2010])
      $0.add(thrown(), at: 30, pid: 7, stack: [0x2010])
    }
    let stacks = process.groups[0].stacks
    #expect(stacks.map(\.count) == [2, 1])
    #expect(stacks.map { $0.frames.map(\.function) } == [["inner", "outer"], ["outer"]])
  }

  @Test func tooManyMessages() throws {
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    let process = try process { trace in
      for number in 0..<11_000 {
        let text = String([number % 26, number / 26 % 26, number / 676].map { letters[$0] })
        trace.add(thrown("A", text), at: UInt64(number), pid: 7)
      }
    }
    #expect(process.thrown == 11_000 && process.groups.count == 10_001)
    #expect(process.groups[0].pattern == "(other messages)" && process.groups[0].thrown == 1000)
  }
}
