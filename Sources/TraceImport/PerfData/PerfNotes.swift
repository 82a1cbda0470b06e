internal import TraceEvents
internal import TraceFormat
internal import TraceKernel

/// What an import of a perf.data file could not represent, as sentences.
enum PerfNotes {
  static func sentences(
    _ translation: PerfTranslation, _ events: PerfEvents, _ place: PerfPlace
  ) -> [String] {
    var notes: [String] = []
    func add(_ count: UInt64, _ text: (String) -> String) {
      if count > 0 { notes.append(text("\(count)")) }
    }
    let stacks = translation.stacks
    add(translation.malformedRecords) { "\($0) records are malformed and were skipped" }
    add(events.unknown) { "\($0) samples of unknown events were skipped" }
    add(translation.throttled) { "the kernel throttled the samples \($0) times" }
    add(translation.sink.refused) { "\($0) events cannot be stored in a trace" }
    add(stacks.cut) {
      "\($0) of \(stacks.unwound) stacks are deeper than the copied part; their callers are lost"
    }
    let images = stacks.problems.joined(separator: ", ")
    add(stacks.broken) {
      "\($0) of \(stacks.unwound) stacks end in code without information about its caller"
        + (images.isEmpty ? "" : " (\(images))")
    }
    for (kind, count) in translation.leftOut.sorted(by: { $0.key < $1.key }) {
      notes.append("\(count) records of \(name(kind)) were left out")
    }
    if !translation.undescribed.isEmpty {
      notes.append(
        "the recording does not describe the fields of "
          + translation.undescribed.joined(separator: ", "))
    }
    if place.wallOffset == nil {
      notes.append(
        "the recording does not tell the time of day"
          + (place.isMonotonic ? "" : " (record with -k mono)"))
    } else if place.isWallEstimated {
      notes.append("the time of day was derived from this machine's clocks")
    }
    return notes + translation.code.notes
  }

  private static func name(_ kind: UInt32) -> String {
    let names: [UInt32: String] = [
      6: "unthrottling", 8: "counters (READ)", 11: "processor traces (AUX)",
      12: "processor traces (ITRACE_START)", 16: "namespaces", 17: "kernel symbols",
      18: "BPF programs", 19: "cgroups", 20: "changed kernel code", 21: "processor traces",
    ]
    return names[kind] ?? "kind \(kind)"
  }

  /// Writes how samples were taken, with the notes.
  static func writeSampling(
    _ sink: PerfSink, _ events: PerfEvents, _ translation: PerfTranslation, _ report: ImportReport
  ) {
    guard let index = translation.cpuEvent else { return }
    let attributes = events.all[index].attributes
    let period = max(1, attributes.samplePeriod)
    let isClock = attributes.type == PerfEventType.software
    let rate = attributes.usesFrequency ? period : isClock ? 1_000_000_000 / period : 0
    let damage = report.damage.map { "the recording " + $0 }
    sink.write(
      SamplingStarted(
        source: isClock ? .cpuClock : .processorCycles, rate: UInt32(clamping: rate),
        hasKernelFrames: !attributes.excludesKernel,
        stackBytes: attributes.fields.contains(.userStack) ? attributes.userStackBytes : 0,
        note: (damage + report.notes).joined(separator: ". ")),
      ticks: translation.now, process: ProcessNumbers.machine, tid: 0,
      stream: StreamNumbers.machine)
  }
}
