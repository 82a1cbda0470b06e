internal import TraceEvents
internal import TraceFormat

/// Tells a pid's processes apart where no events do: by what the session knows of who announces.
///
/// What ``CodeFeed/splitReusedPIDs(except:)`` does for a whole file, as its events come.
final class ProcessIdentities {
  private let stream: AnnouncementStream
  private let file: TraceFile?
  /// The session's number of who announced last, by pid.
  private var indexes: [UInt32: UInt32] = [:]
  /// Pids whose begins and ends are told by events. A pid is 22 bits at most, so both are bounded.
  private var told: Set<UInt32> = []

  init(_ stream: AnnouncementStream, _ file: TraceFile?) {
    self.stream = stream
    self.file = file
  }

  func subscribe(to source: some CodeEventSource) {
    source.on(ProcessStart.self) { [self] _, header in told.insert(header.pid) }
    source.on(ProcessExec.self) { [self] _, header in told.insert(header.pid) }
    source.on(ProcessStop.self) { [self] _, header in told.insert(header.pid) }
    source.on(MethodLoad.self) { [self] _, header in note(header) }
    source.on(MethodUnload.self) { [self] _, header in note(header) }
    source.on(SymbolLoad.self) { [self] _, header in note(header) }
    source.on(ImageLoad.self) { [self] _, header in note(header) }
  }

  private func note(_ header: EventHeader) {
    let known = indexes.updateValue(header.processIndex, forKey: header.pid)
    guard let known, known != header.processIndex, let file, !told.contains(header.pid),
      let last = file.process(index: known), let next = file.process(index: header.processIndex),
      let boundary = next.boundary(after: last)
    else { return }
    // It is known as of now, of an earlier time.
    stream.eventTime = header.timestamp
    stream.processRenewed(
      header.pid, at: min(file.timestamp(ofTicks: boundary), header.timestamp))
  }
}
