import TraceEvents
import TraceFormat

/// How a file's CPU samples were taken, as the session that took them says.
struct SamplingSummary {
  /// Nil where there was no such session.
  let text: String?

  init(_ file: TraceFile) {
    var found: SamplingStarted?
    if file.eventTypes.contains(where: { $0.schema == SamplingStarted.schema && $0.count > 0 }) {
      let replay = Replay(file)
      replay.on(SamplingStarted.self) { event, _ in
        found = event
        throw ReplayStop()
      }
      // What is damaged is said elsewhere.
      try? replay.run()
    }
    text = found.map(Self.text)
  }

  static func text(_ started: SamplingStarted) -> String {
    guard started.rate > 0 else { return "none: \(started.note)" }
    var text = "\(started.rate) Hz, by \(step(started.source)), "
    text += started.hasKernelFrames ? "user and kernel frames" : "user frames only"
    text +=
      started.stackBytes > 0
      ? ", unwound from \(readableBytes(UInt64(started.stackBytes))) of each stack"
      : ", by frame pointers"
    return started.note.isEmpty ? text : "\(text): \(started.note)"
  }

  /// The step of the ladder, and what makes a sample due.
  private static func step(_ source: SampleSource) -> String {
    switch source {
    case .processorCycles: "the kernel's events (processor cycles)"
    case .cpuClock: "the kernel's events (CPU clock)"
    case .threadTimer: "timers in the program itself"
    default: "source \(source.rawValue)"
    }
  }
}
