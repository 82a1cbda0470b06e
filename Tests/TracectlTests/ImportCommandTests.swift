import Foundation
import Testing

@testable import tracectl

/// `tracectl import`, and recordings of other tools given to other commands.
@Suite struct ImportCommandTests {
  private static let recording = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Fuzz/Corpus/import/frames.data").standardized.path

  @Test func recordingBecomesATrace() throws {
    let fixture = try TraceFixture()
    let trace = fixture.path("trace.etl")
    let run = try ToolRun("import", Self.recording, "-o", trace)
    #expect(run.exitCode == 0 && run.errors.contains("events of"), "\(run.errors)")
    let imported = try ToolRun("stacks", trace)
    #expect(imported.exitCode == 0 && imported.output.contains("CPU samples"), "\(imported)")
    // Directly, and from a pipe: the same stacks, under the recording's name.
    let direct = try ToolRun("stacks", Self.recording)
    #expect(direct.exitCode == 0, "\(direct.errors)")
    #expect(direct.lines.dropFirst() == imported.lines.dropFirst())
    let piped = try ToolRun(shell: "\"$tracectl\" stacks - < \(Self.recording)")
    #expect(piped.exitCode == 0, "\(piped.errors)")
    let info = try ToolRun("info", Self.recording)
    #expect(info.output.contains("System/SampledProfile"), "\(info.output)")
  }

  @Test func cutRecordingIsSaid() throws {
    let fixture = try TraceFixture()
    let cut = fixture.path("cut.data")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Self.recording))
    try bytes.prefix(bytes.count / 4).write(to: URL(fileURLWithPath: cut))
    let run = try ToolRun("import", cut, "-o", fixture.path("trace.etl"))
    #expect(run.exitCode == 65 && run.errors.contains("is cut"), "\(run.errors)")
    #expect(try ToolRun("info", fixture.path("trace.etl")).exitCode == 0)
  }

  @Test func whatCannotBeImportedIsSaid() throws {
    let fixture = try TraceFixture()
    let text = fixture.path("text")
    try "hello".write(toFile: text, atomically: true, encoding: .utf8)
    try expectOneSentence(of: [
      (["import", text], 65, "a perf.data file"),
      (["info", text], 65, "a perf.data file"),
      (["import", fixture.path("none")], 66, "none"),
      (["import", Self.recording, "-o", Self.recording], 64, "is the recording itself"),
    ])
  }
}
