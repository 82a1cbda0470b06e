import Foundation
import TestSupport
import Testing
import TraceEvents

@testable import tracectl

/// The options, formats and errors of `tracectl jit`.
@Suite struct JITTests {
  private let made: ReportedTrace
  private var path: String { made.path }

  init() throws {
    made = try ReportedTrace { trace in
      for method in 1...3 as ClosedRange<UInt64> {
        trace.add(
          MethodJittingStarted(
            methodID: method, ilSize: 30, namespace: "Shop", name: "m", signature: "(a,b)"),
          at: method * 1000, pid: 7)
        trace.add(
          MethodLoad(
            methodID: method, startAddress: method << 12, size: 100, tier: .optimized,
            namespace: "Shop", name: "m", signature: "(a,b)"),
          at: method * 1100, pid: 7)
      }
    }
  }

  @Test func text() throws {
    let run = try ToolRun("jit", path, "-top", "1")
    #expect(run.exitCode == 0)
    for text in [
      "Process shop (7): 3 compilations, 300 B of code", "600 ns for 3 of them", "Optimized",
      "Shop.m(a,b)", "… and 2 more; -top 3 shows all",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
  }

  @Test func tables() throws {
    let run = try ToolRun("jit", path, "-format", "csv", "-from", "1500ns")
    let rows = run.output.components(separatedBy: "\r\n")
    #expect(rows.count == 4)
    #expect(rows[1] == "7,shop,0x3,\"Shop.m(a,b)\",Optimized,3000,300,100,30,false")
  }

  @Test func errors() throws {
    try expectOneSentence(of: [
      (["jit", made.empty], 65, "has no compilations; collect with -providers JIT"),
      (["jit", path, "-process", "java"], 64, "match the processes and times; omit some"),
      (["jit", path, "-top", "-1"], 64, "-top"),
    ])
  }
}
