internal import TraceEvents

extension SamplingStarted {
  /// Description, in one line, of how samples were taken.
  var text: String {
    guard rate > 0 else { return "none: \(note)" }
    var text = "\(rate) Hz, by \(step), "
    text += hasKernelFrames ? "user and kernel frames" : "user frames only"
    text +=
      stackBytes > 0
      ? ", unwound from \(readableBytes(UInt64(stackBytes))) of each stack"
      : ", by frame pointers"
    return note.isEmpty ? text : "\(text): \(note)"
  }

  /// The ladder's step, and the event that triggers a sample.
  private var step: String {
    switch source {
    case .processorCycles: "the kernel's events (processor cycles)"
    case .cpuClock: "the kernel's events (CPU clock)"
    case .threadTimer: "timers in the program itself"
    default: "source \(source.rawValue)"
    }
  }
}

extension OutputBuffer {
  /// Writes how samples were taken; null if there are none.
  mutating func sampling(_ started: SamplingStarted?) {
    guard let started else {
      field("sampling", String?.none)
      return
    }
    field("sampling") {
      $0.field("rate_hz", started.rate)
      let sources = ["processor cycles", "CPU clock", "thread timer"]
      let number = Int(started.source.rawValue)
      $0.field("source", number < sources.count ? sources[number] : "source \(number)")
      $0.field("has_kernel_frames", started.hasKernelFrames)
      $0.field("stack_bytes", started.stackBytes)
      $0.field("note", started.note)
    }
  }
}
