import TestSupport
import Testing

/// `tracectl export`: how a format is chosen, and what is refused.
@Suite struct ExportTests {
  private let fixture: TraceFixture
  private let path: String

  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("t.etl")
    var trace = try SampledTrace(path: path)
    trace.process(7, "/bin/a")
    trace.sample(at: 1, pid: 7, stack: [0x10])
    try trace.finish()
  }

  @Test func mistakesAreExplained() throws {
    let other = fixture.path("none.etl")
    var trace = try SampledTrace(path: other)
    trace.process(7, "/bin/a")
    try trace.finish()
    let out = fixture.path("x.pb.gz")
    try expectOneSentence(of: [
      (["export", path, "-format", "x"], 64, "there is no format 'x' here; use one of pprof"),
      (["export", path, "-o", fixture.path("x.bin")], 64, "does not tell the format; add -format"),
      (["export", path], 64, "the format is not given; add -format with one of pprof"),
      (["export", path, "-format", "pprof", "-wall", "-event", "GC*"], 64, "changes nothing"),
      (["export", path, "-o", out, "-event", "Nothing"], 64, "has no event"),
      (["export", path, "-o", out, "-process", "b"], 64, "none of the 1 CPU samples"),
      (["export", other, "-o", out], 65, "has no CPU samples"),
    ])
  }

  @Test func theTraceIsNotWrittenOver() throws {
    let run = try ToolRun("export", path, "-format", "pprof", "-o", path)
    #expect(run.exitCode == 64 && run.errors.contains("is the trace itself"))
  }

  @Test func theNameDecidesAboutTheFormat() throws {
    for name in ["a.pb.gz", "b.pprof"] {
      let run = try ToolRun("export", path, "-o", fixture.path(name))
      #expect(run.exitCode == 0, "\(run.errors)")
    }
  }
}
