internal import TraceAnalysis
internal import TraceExport
internal import TraceFormat

/// Profiles as bytes.
enum PprofBytes {
  static func make(_ profile: StackProfile, _ heading: PprofHeading) -> [UInt8] {
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    PprofExport(heading: heading).render(profile, RenderOptions(), to: &output)
    output.flush()
    return sink.bytes
  }

  /// A profile with values of its own for each stack.
  static func make(
    _ profile: StackProfile, _ heading: PprofHeading, _ samples: [PprofStacks.Sample]
  ) -> [UInt8] {
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    PprofStacks(profile, heading).write(samples, to: &output)
    output.flush()
    return sink.bytes
  }
}
