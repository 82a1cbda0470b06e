internal import TraceEvents
internal import TraceFormat

extension NetEventWriter {
  /// Adds a thread of version 6.
  func define(thread index: UInt64, tid: UInt64, pid: UInt64, _ name: String) {
    let pid = UInt32(truncatingIfNeeded: pid)
    let tid = UInt32(truncatingIfNeeded: tid)
    let process = pid == 0 ? ProcessNumbers.undefined : sink.process(pid)
    threads.define(index, .init(tid: tid, process: process))
    if !name.isEmpty, tid != 0 { sink.name(thread: tid, name, process: process, ticks: latest) }
  }

  /// Notes the number that a thread had reached at a time; nil for now.
  func reach(_ thread: UInt64, _ sequence: UInt32, ticks: UInt64?) {
    guard let gap = threads.reach(thread, sequence: sequence, point: lastPoint) else { return }
    let now = ticks.map(header.nanoseconds) ?? latest
    lose(gap, threads.stream(threads.writer(thread)), now, process(ofWriter: thread))
  }

  /// The process of a thread that writes.
  private func process(ofWriter thread: UInt64) -> UInt32 {
    isVersion6 ? threads.identity(thread)?.process ?? ProcessNumbers.undefined : process
  }

  func lose(
    _ gap: (count: UInt32, since: UInt64), _ stream: UInt32, _ ticks: UInt64, _ process: UInt32
  ) {
    sink.lose(UInt64(gap.count), stream: stream, from: gap.since, to: ticks, process: process)
  }

  /// Forgets what is valid up to a sequence point.
  func passSequencePoint(threadsEnd: Bool) {
    lastPoint = latest
    stacks.removeAll()
    labels.removeAll()
    forgetStack()
    forgetLabels()
    if threadsEnd { threads.removeAll() }
  }

  /// Writes how samples were taken, with what an import says about the recording.
  func describeSampling(_ report: ImportReport) {
    let damage = report.damage.map { "the recording " + $0 }
    sink.write(
      SamplingStarted(
        source: .threadTimer,
        rate: UInt32(clamping: 1_000_000_000 / max(1, header.samplingInterval_ns)),
        hasKernelFrames: false,
        note: (damage + report.notes).joined(separator: ". ")),
      RecordHeader(
        ticks: latest, process: ProcessNumbers.machine, tid: 0, stream: StreamNumbers.machine))
  }
}

/// A process's command line.
enum NetCommandLine {
  private static let wordsMax = 256

  /// The words of a line, of which those in quotes have spaces.
  static func words(_ line: String) -> [String] {
    var words: [String] = []
    var (word, isQuoted) = ("", false)
    for character in line {
      if character == "\"" {
        isQuoted.toggle()
      } else if character == " ", !isQuoted {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
      if words.count == wordsMax { return words }
    }
    return word.isEmpty ? words : words + [word]
  }
}
