import TestSupport
import Testing
import TraceSession

@testable import tracectl

/// `-unwind`: the accepted values, and the messages for others.
@Suite struct UnwindChoiceTests {
  @Test(arguments: [("fp", StackWalk.framePointers), ("FP", .framePointers)])
  func framePointers(text: String, walk: StackWalk) throws {
    #expect(try UnwindChoice(text).walk(isSampling: true) == walk)
  }

  @Test(
    .needs(.x86),
    arguments: [
      ("dwarf", StackWalk.stackBytesUsual), ("dwarf:4096", 4096), ("dwarf:32K", 32768),
      ("dwarf:65528", 65528), ("dwarf:512", 512),
    ])
  func copiedBytes(text: String, bytes: Int) throws {
    #expect(try UnwindChoice(text).walk(isSampling: true) == .callFrames(stackBytes: bytes))
  }

  @Test(arguments: ["", "lbr", "fp:8", "dwarf:8192:1", "dwarf,fp"])
  func otherWaysAreRefused(text: String) {
    let failure = #expect(throws: Failure.self) { try UnwindChoice(text).walk(isSampling: true) }
    #expect(failure?.status == .usage)
  }

  @Test(
    .needs(.x86),
    arguments: ["dwarf:", "dwarf:0", "dwarf:4097", "dwarf:64K", "dwarf:504", "dwarf:much"])
  func otherSizesAreRefused(text: String) {
    let failure = #expect(throws: Failure.self) { try UnwindChoice(text).walk(isSampling: true) }
    #expect(failure?.nextStep?.contains("a multiple of 8 from 512 to 65528") == true)
  }

  @Test func withoutSamplesThereIsNothingToUnwind() throws {
    #expect(try UnwindChoice("fp").walk(isSampling: false) == nil)
  }

  @Test(.needs(.x86)) func unwindingWithoutSamplesIsRefused() throws {
    let run = try ToolRun("collect", "-providers", "GC", "-unwind", "dwarf", "--", "true")
    #expect(run.exitCode == 64)
    #expect(run.errors.contains("add CPU to -providers"))
  }
}
