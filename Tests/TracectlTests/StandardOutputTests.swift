import Foundation
import Testing
import TraceFormat

@testable import tracectl

/// `-o -` writes a trace to standard output, and nothing else.
@Suite struct StandardOutputTests {
  private let fixture: TraceFixture

  init() throws { fixture = try TraceFixture() }

  private func run(_ line: String) throws -> ToolRun {
    try ToolRun(
      shell: "cd \(fixture.path(".")); export tiny=\(ToolRun.directory)/tiny-runtime; \(line)",
      environment: ["TRACE_RUNTIME_DIR": fixture.path("run")])
  }

  /// Checks a run: the command's output is not part of the trace.
  private func check(_ run: ToolRun, name: String = "standard output") throws {
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output == "")
    #expect(run.errors.contains("result 1477149045582561377"))
    #expect(run.errors.contains("collecting into \(name)"))
    let file = try TraceFile(path: fixture.path("x.etl"))
    #expect(file.isComplete)
    #expect(file.damage.isEmpty)
    #expect(file.eventCount > 50)
    #expect(run.errors.contains("\(name): \(file.eventCount) events"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: fixture.path("-")))
  }

  @Test(arguments: ["-", "/dev/stdout", "/proc/self/fd/1"])
  func aPipeGetsTheTrace(_ name: String) throws {
    try check(
      run("$tracectl collect -providers GC,JIT -o \(name) -- $tiny | cat > x.etl"),
      name: name == "-" ? "standard output" : name)
  }

  @Test func aFileGetsTheTrace() throws {
    try check(run("$tracectl collect -providers GC,JIT -o - -- $tiny > x.etl"))
  }

  @Test func anEmptyFileIsAppendedTo() throws {
    try check(run("$tracectl collect -providers GC,JIT -o - -- $tiny >> x.etl"))
  }

  @Test func whatCannotTakeItIsAnError() throws {
    let collect = "$tracectl collect -providers GC -o - -- true"
    let appended = try run("echo before > x.etl; \(collect) >> x.etl")
    #expect(appended.exitCode == 73)
    #expect(appended.errors.contains("is not empty"))
    #expect(try String(contentsOfFile: fixture.path("x.etl"), encoding: .utf8) == "before\n")
    let terminal = try run("script -qec '\(collect)' /dev/null")
    #expect(terminal.exitCode == 64, "\(terminal.output)")
    #expect(terminal.output.contains("standard output is a terminal"), "\(terminal.output)")
    let closed = try run("\(collect) >&-")
    #expect(closed.exitCode == 73)
    #expect(closed.errors.contains("standard output is closed"))
    let full = try run("\(collect) >/dev/full")
    #expect(full.exitCode == 74)
    #expect(full.errors.contains("cannot write standard output: No space left"))
  }

  /// A file is read again to find the functions in stacks; a pipe cannot be, which is reported.
  @Test func namesThatAPipeCannotHaveAreMissedAloud() throws {
    let line = "$tracectl collect -providers GC -stacks GC -o - -- $tiny"
    #expect(try run("\(line) | cat > x.etl").errors.contains("names of functions are not in the"))
    #expect(try !run("\(line) > y.etl").errors.contains("names of functions are not in the"))
  }

  @Test func reportsKnowTheDashToo() throws {
    _ = try run("$tracectl collect -providers GC -o x.etl -- $tiny")
    let named = try run("$tracectl info x.etl -o -")
    #expect(named.exitCode == 0 && named.output.contains("x.etl"))
    #expect(!FileManager.default.fileExists(atPath: fixture.path("-")))
    let recovered = try run("$tracectl recover x.etl -o -")
    #expect(recovered.exitCode == 64)
    #expect(recovered.errors.contains("cannot be written to standard output"))
  }
}
