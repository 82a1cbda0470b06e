internal import TraceFormat

/// The threads of a recording: whose events they write, and which of them are missing.
struct NetThreads {
  /// A thread that writes events. Its events are in the order of their times.
  struct Writer {
    var stream: UInt32
    /// The number of its last event; nil if there is none.
    var sequence: UInt32?
    /// The time of its last event.
    var ticks: UInt64 = 0
  }

  /// A thread that events are about.
  struct Identity {
    var tid: UInt32
    var process: UInt32
  }

  /// Further threads share a stream, and their events are not counted.
  static let threadsMax = 65_536

  private var writers: [Writer] = []
  private var byID: [UInt64: Int] = [:]
  private var lastID: UInt64?
  private var last = 0
  /// Threads of version 6 by their numbers.
  private var identities: [UInt64: Identity] = [:]
  private(set) var lost: UInt64 = 0

  /// A missing number beyond that is one of another thread.
  private static let gapMax: UInt32 = 1 << 30

  /// The place of a thread that writes.
  @inline(__always)
  mutating func writer(_ id: UInt64) -> Int {
    if id == lastID { return last }
    return findWriter(id)
  }

  private mutating func findWriter(_ id: UInt64) -> Int {
    let place: Int
    if let known = byID[id] {
      place = known
    } else if writers.count < Self.threadsMax {
      place = writers.count
      writers.append(Writer(stream: StreamNumbers.imported(UInt32(place))))
      byID[id] = place
    } else {
      place = Self.threadsMax - 1
    }
    (lastID, last) = (id, place)
    return place
  }

  func stream(_ writer: Int) -> UInt32 { writers[writer].stream }

  /// Notes the number of an event. Returns the number of events that are missing before it, and the
  /// time of the event before them.
  @inline(__always)
  mutating func note(
    _ writer: Int, sequence: UInt32, ticks: UInt64
  ) -> (count: UInt32, since: UInt64)? {
    let former = writers[writer]
    writers[writer].sequence = sequence
    writers[writer].ticks = max(former.ticks, ticks)
    guard let known = former.sequence, sequence != known &+ 1 else { return nil }
    return missing(former, upTo: sequence &- 1)
  }

  /// Notes the number that a thread has reached at a sequence point.
  ///
  /// - Parameter point: the time of the sequence point before.
  mutating func reach(
    _ id: UInt64, sequence: UInt32, point: UInt64
  ) -> (count: UInt32, since: UInt64)? {
    let writer = writer(id)
    var former = writers[writer]
    if former.sequence == nil {
      // Numbers begin at 1. All events of the thread are missing.
      (former.sequence, former.ticks) = (0, point)
      writers[writer].sequence = 0
    }
    guard let known = former.sequence else { return nil }
    guard sequence &- known < Self.gapMax else { return nil }
    writers[writer].sequence = sequence
    return missing(former, upTo: sequence)
  }

  private mutating func missing(
    _ former: Writer, upTo sequence: UInt32
  ) -> (count: UInt32, since: UInt64)? {
    guard let known = former.sequence else { return nil }
    let count = sequence &- known
    guard count > 0, count < Self.gapMax, writers.count < Self.threadsMax else { return nil }
    lost += UInt64(count)
    return (count, former.ticks)
  }

  // MARK: Version 6

  /// The thread with a number; nil if the file does not describe it.
  func identity(_ index: UInt64) -> Identity? { identities[index] }

  mutating func define(_ index: UInt64, _ identity: Identity) {
    guard identities.count < Self.threadsMax || identities[index] != nil else { return }
    identities[index] = identity
  }

  mutating func remove(_ index: UInt64) {
    identities[index] = nil
    byID[index] = nil
    lastID = nil
  }

  mutating func removeAll() {
    identities.removeAll()
    byID.removeAll()
    lastID = nil
  }
}
