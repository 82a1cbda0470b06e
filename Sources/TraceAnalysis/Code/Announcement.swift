/// Something that a trace's events say of a process or of its code, as a value.
///
/// ``CodeFeed`` and ``Processes`` make it of events; a ``CodeMap`` applies it, of a whole file at
/// once, of a live trace in the order that an ``AnnouncementStream`` gives.
struct Announcement {
  enum Kind {
    /// A fork's child; it begins with what its parent has.
    case start(parent: UInt32)
    /// An exec, or the pid is another process's from now on.
    case renew
    case stop
    case load(CodeAnnouncement, CodeLayer, knowsBeginning: Bool)
    case unload(CodeAnnouncement, CodeLayer)
    case move(CodeAnnouncement, from: UInt64, CodeLayer)
    /// Nothing of the layer lives any more.
    case clear(CodeLayer)
    case map(CodeAnnouncement, CodeLayer, knowsBeginning: Bool)
    case unmap(UInt64, size: UInt64, CodeLayer)
    case replace(UInt64, size: UInt64, isSure: Bool)
  }

  var pid: UInt32
  var kind: Kind
  /// When it came about.
  var time: Int64
  /// When the trace said so: later, where a file was read that tells of the past.
  var toldAt: Int64

  /// - Parameter toldAt: nil for the same time.
  init(_ kind: Kind, _ pid: UInt32, at time: Int64, toldAt: Int64? = nil) {
    self.pid = pid
    self.kind = kind
    self.time = time
    self.toldAt = toldAt ?? time
  }

  /// A process begins, ends or runs another program.
  var isOfProcess: Bool {
    switch kind {
    case .start, .renew, .stop: true
    default: false
    }
  }

  /// The addresses that it is about; nil where it is about all of them.
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

/// Takes in what is announced, in the order of the calls.
protocol AnnouncementTaker: AnyObject {
  func take(_ announcement: Announcement)
}

extension ProcessLives: AnnouncementTaker {
  /// Only announcements of processes change anything.
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
