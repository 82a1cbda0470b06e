internal import TraceEvents
internal import TraceFormat

/// Sums up the tracks of a ``ThreadBook`` by process, and names what they contain.
struct ThreadSummary {
  private let book: ThreadBook
  private let file: TraceFile
  private let time: ClosedRange<Int64>?
  private var owners: ThreadOwners
  private var places: WaitPlaces
  /// The reported processes by the trace's number.
  private var found: [UInt32: ThreadReport.Process] = [:]
  private var hasMoreWaits = false

  /// - Parameter book: a closed one.
  init(
    _ book: ThreadBook, _ names: ThreadNames, _ file: TraceFile,
    _ code: (history: ProcessHistory, stacks: WaitStacks?),
    _ time: ClosedRange<Int64>?
  ) {
    (self.book, self.file, self.time) = (book, file, time)
    owners = ThreadOwners(file, code.history, names)
    // A process is the one that it was at its first event.
    for track in book.tracks { _ = owners.process(track.processIndex, at: track.firstEvent) }
    places = WaitPlaces(book, owners, code.stacks)
  }

  /// Whether a limit was reached.
  var isCut: Bool { book.isCut || hasMoreWaits }

  /// Returns the processes with selected threads, in the order of their ids.
  mutating func processes() -> [ThreadReport.Process] {
    addProcesses()
    addThreads()
    addOpen()
    let (waits, areCut) = places.waits(limit: ThreadReport.Process.waitsMax)
    hasMoreWaits = areCut
    for index in found.keys {
      found[index]?.waits = waits[index] ?? []
      finish(index)
    }
    return found.values.filter { !$0.threads.isEmpty }
      .sorted { ($0.pid, $0.from_ns) < ($1.pid, $1.from_ns) }
  }

  private mutating func addProcesses() {
    let selected = ProcessSpans(file, time)
    for track in book.tracks where found[track.processIndex] == nil {
      let process = owners.process(track.processIndex, at: track.firstEvent)
      let shown = selected.span(ofProcess: track.processIndex, firstEvent: track.firstEvent)
      found[track.processIndex] = ThreadReport.Process(
        covered: CoveredProcess(
          pid: process.pid, name: process.name, from_ns: shown.from, to_ns: shown.to,
          hasEnded: shown.hasEnded))
    }
  }

  private mutating func addThreads() {
    let span = time ?? .min ... .max
    for (number, track) in book.tracks.enumerated() where track.times != ThreadReport.Times() {
      let thread = ThreadReport.Thread(
        tid: track.tid, name: owners.name(of: track), from_ns: max(track.from, span.lowerBound),
        to_ns: min(track.until ?? track.since, span.upperBound), times: track.times,
        reasons: Self.sorted(places.reasons[UInt32(number)] ?? [:]))
      found[track.processIndex]?.threads.append(thread)
      found[track.processIndex]?.times.add(track.times)
    }
  }

  private mutating func addOpen() {
    for single in book.tally.open {
      let track = book.tracks[Int(single.track)]
      let open = ThreadReport.Open(
        tid: track.tid, name: owners.name(of: track), start_ns: single.start,
        reason: reason(of: single, track), cause: single.cause)
      found[track.processIndex]?.open.append(open)
    }
  }

  private mutating func reason(of single: SingleWait, _ track: ThreadTrack) -> WaitReason {
    places.named(
      single.stack.rawValue, single.state, process: track.processIndex, at: single.start
    ).reason
  }

  private static func sorted(
    _ reasons: [WaitReason: ThreadReport.Reason]
  ) -> [ThreadReport.Reason] {
    reasons.values.sorted {
      ($1.total_ns, $0.reason.rawValue) < ($0.total_ns, $1.reason.rawValue)
    }
  }

  /// Sorts a process's lists, and sums up its reasons.
  private mutating func finish(_ index: UInt32) {
    guard var process = found[index] else { return }
    var sums: [WaitReason: ThreadReport.Reason] = [:]
    for reason in process.threads.flatMap(\.reasons) {
      sums[reason.reason, default: .none(reason.reason)]
        .add(reason.count, reason.total_ns, reason.max_ns)
    }
    process.reasons = Self.sorted(sums)
    process.threads.sort {
      ($1.times.running_ns, $1.times.life_ns, $0.tid, $0.from_ns)
        < ($0.times.running_ns, $0.times.life_ns, $1.tid, $1.from_ns)
    }
    process.longest = (book.tally.longest[index] ?? []).map { single in
      let track = book.tracks[Int(single.track)]
      return ThreadReport.LongWait(
        tid: track.tid, name: owners.name(of: track), start_ns: single.start,
        wait_ns: single.duration, reason: reason(of: single, track))
    }
    process.open.sort { ($0.start_ns, $0.tid) < ($1.start_ns, $1.tid) }
    process.openCount = book.tally.openCounts[index] ?? 0
    found[index] = process
  }
}

extension ThreadReport.Reason {
  /// No waits for a reason.
  static func none(_ reason: WaitReason) -> Self {
    Self(reason: reason, count: 0, total_ns: 0, max_ns: 0)
  }

  mutating func add(_ count: UInt64, _ total: UInt64, _ longest: UInt64) {
    self.count &+= count
    total_ns = total_ns.addingClamped(total)
    max_ns = max(max_ns, longest)
  }
}
