/// A change of a process or of its code, as reported by a trace's events.
///
/// ``CodeFeed`` and ``Processes`` create announcements from events, and a ``CodeMap`` applies them:
/// directly for a complete file, or in the order determined by an ``AnnouncementStream`` for a live
/// trace.
struct Announcement {
  enum Kind {
    /// The process is a fork's child and inherits its parent's state.
    case start(parent: UInt32)
    /// The process runs another program, or the pid denotes another process from now on.
    case renew
    case stop
    case load(CodeAnnouncement, CodeLayer, knowsBeginning: Bool)
    case unload(CodeAnnouncement, CodeLayer)
    case move(CodeAnnouncement, from: UInt64, CodeLayer)
    /// All code of the layer ends.
    case clear(CodeLayer)
    case map(CodeAnnouncement, CodeLayer, knowsBeginning: Bool)
    case unmap(UInt64, size: UInt64, CodeLayer)
    case replace(UInt64, size: UInt64, isSure: Bool)
  }

  var pid: UInt32
  var kind: Kind
  /// Time of the change.
  var time: Int64
  /// Time at which the trace reported the change; later than `time` if it was read from a file that
  /// describes the past.
  var toldAt: Int64
  /// Number among the announcements of a trace still being recorded, in order of arrival.
  var serial: UInt64 = 0

  /// - Parameter toldAt: the time of the report; nil if it is `time`.
  init(_ kind: Kind, _ pid: UInt32, at time: Int64, toldAt: Int64? = nil) {
    self.pid = pid
    self.kind = kind
    self.time = time
    self.toldAt = toldAt ?? time
  }

  /// Whether a process starts, ends or runs another program.
  var isOfProcess: Bool {
    switch kind {
    case .start, .renew, .stop: true
    default: false
    }
  }

  /// The affected addresses; nil if all addresses of the process may be affected.
  var range: Range<UInt64>? {
    switch kind {
    case .load(let code, _, _), .unload(let code, _), .map(let code, _, _): code.range
    default: nil
    }
  }
}

extension CodeAnnouncement {
  var range: Range<UInt64> { start..<max(start, end) }
}

/// Receives announcements, in the order of the calls.
protocol AnnouncementTaker: AnyObject {
  func take(_ announcement: Announcement)
}

extension ProcessLives: AnnouncementTaker {
  /// Ignores announcements about code.
  func take(_ announcement: Announcement) {
    let (pid, time) = (announcement.pid, announcement.time)
    switch announcement.kind {
    case .start(let parent): processStarted(pid, parent: parent, at: time)
    case .renew: processRenewed(pid, at: time)
    case .stop: processStopped(pid, at: time)
    default: break
    }
  }
}

extension CodeMap: AnnouncementTaker {
  func take(_ announcement: Announcement) {
    let (pid, time) = (announcement.pid, announcement.time)
    switch announcement.kind {
    case .start, .renew, .stop: lives.take(announcement)
    case .load(let code, let layer, let knowsBeginning):
      load(code, layer, pid: pid, at: time, knowsBeginning: knowsBeginning)
    case .unload(let code, let layer): unload(code, layer, pid: pid, at: time)
    case .move(let code, let old, let layer): move(code, from: old, layer, pid: pid, at: time)
    case .clear(let layer): clear(layer, pid: pid, at: time)
    case .map(let image, let layer, let knowsBeginning):
      map(image, layer, pid: pid, at: time, knowsBeginning: knowsBeginning)
    case .unmap(let start, let size, let layer):
      unmap(start, size: size, layer, pid: pid, at: time)
    case .replace(let start, let size, let isSure):
      replaceMemory(start, size: size, isSure: isSure, pid: pid, at: time)
    }
  }
}
