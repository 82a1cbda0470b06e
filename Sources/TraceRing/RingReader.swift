import CTraceShims

/// A record as it was written, in the reader's own memory.
public struct RingRecord {
  public var header: UInt64
  public var ticks: UInt64
  /// Process slot << 32 | thread id, as the writer said it.
  public var writer: UInt64
  /// Payload words, then the stack's addresses.
  public var payload: UnsafePointer<UInt64>
  public var payloadWords: Int

  @inlinable @inline(__always)
  init(
    header: UInt64, ticks: UInt64, writer: UInt64, payload: UnsafePointer<UInt64>,
    payloadWords: Int
  ) {
    self.header = header
    self.ticks = ticks
    self.writer = writer
    self.payload = payload
    self.payloadWords = payloadWords
  }

  @inlinable public var ref: UInt16 { RecordHeader.ref(header) }
  @inlinable public var hasStack: Bool { header & RecordHeader.stackFlag != 0 }
  @inlinable public var isRundown: Bool { header & RecordHeader.rundownFlag != 0 }
}

/// What a reader learnt besides records.
public struct RingNotice: Equatable, Sendable {
  /// What became of the events.
  public enum Cause: Equatable, Sendable {
    case lost(RingLoss)
    case overwritten
    /// Bytes that no producer of ours writes; events in them are counted where the ring still says
    /// how many.
    case damaged
  }
  public var cause: Cause
  public var count: UInt64
  /// The loss happened after the first and no later than the second.
  public var fromTicks: UInt64
  public var toTicks: UInt64
}

/// The consumer of one ring: copies what is complete, page by page, and parses its own copy, so
/// that a process that scribbles over the ring changes what is read but not where.
///
/// One thread at a time. The ring is given back as soon as it is copied.
public struct RingReader: ~Copyable {
  let set: BufferSet
  let ring: Int
  private let control: UnsafeMutablePointer<trace_ring_control>
  private let data: UnsafeMutablePointer<UInt64>
  private let ringWords: UInt64
  @usableFromInline let copy: UnsafeMutablePointer<UInt64>
  @usableFromInline var copied = 0
  @usableFromInline var index = 0
  /// Position in the ring of the next word to copy.
  private var position: UInt64 = 0
  @usableFromInline var base: UInt64 = 0
  @usableFromInline var writer: UInt64 = 0
  /// No later than this is believed: a base in the future would tear the trace's time line.
  private var nowTicks: UInt64 = 0
  /// Ticks of the last record; what follows is no earlier. For the reader to change.
  public var lastTicks: UInt64
  /// Events that were in the ring up to here, those that were lost in it included.
  private var eventsSeen: UInt64 = 0
  /// Events before the page that is being read.
  private var eventsBeforePage: UInt64 = 0
  @usableFromInline var eventsInCopy: UInt64 = 0
  private var lossesSeen = InlineArray<5, UInt64>(repeating: 0)
  public private(set) var notices: [RingNotice] = []
  private var isRecovering = false
  /// Of a recovering reader: events of the ring before the oldest that still stands there.
  public private(set) var eventsBeforeStart: UInt64 = 0

  public init(_ set: BufferSet, ring: Int) {
    self.set = set
    self.ring = ring
    control = set.control(ring)
    data = set.data(ring)
    ringWords = UInt64(set.parameters.ringBytes / 8)
    copy = .allocate(capacity: RingLayout.pageWords)
    // Not now: by now producers may have written.
    lastTicks = set.mappedTicks
  }

  /// A reader of everything that still stands in a ring whose session has gone, what that had read
  /// included. Losses are not told: the trace that the session wrote has them.
  public init(recovering set: BufferSet, ring: Int) {
    self.init(set, ring: ring)
    lastTicks = 0
    isRecovering = true
    let tail = trace_load_u64(&control.pointee.tail) & RingLayout.positionMask
    position = min(oldestValid(tail), tail)
  }

  deinit { copy.deallocate() }

  /// Pages of the ring.
  public var pageCount: Int { Int(ringWords) / RingLayout.pageWords }

  /// Whether there is something to copy.
  public var hasMore: Bool {
    trace_load_u64(&control.pointee.tail) & RingLayout.positionMask != position
  }

  /// Copies the next stretch, at most a page. False when there is none, or only a damaged one.
  public mutating func advance() -> Bool {
    var end = trace_load_u64(&control.pointee.tail) & RingLayout.positionMask
    if set.parameters.mode == .overwrite { skipOverwritten(end) }
    guard end != position else { return false }
    guard end > position, end - position <= ringWords else {
      giveUp(at: end)
      return false
    }
    nowTicks = set.ticks
    let pageEnd = (position | UInt64(RingLayout.pageWords - 1)) + 1
    end = min(end, pageEnd)
    copied = Int(end - position)
    index = 0
    eventsInCopy = 0
    let first = Int(position & (ringWords - 1))
    copy.update(from: data + first, count: copied)
    if set.parameters.mode == .overwrite, wasOvertaken() { return false }
    position = end
    trace_store_u64(&control.pointee.head, end)
    return true
  }

  /// The next record of the stretch that ``advance()`` copied.
  @inlinable @inline(__always)
  public mutating func next() -> RingRecord? {
    while index < copied {
      let header = copy[index]
      let words = RecordHeader.words(header)
      guard words > 0, index &+ words <= copied else {
        damage()
        return nil
      }
      let start = index
      index &+= words
      if RecordHeader.ref(header) == 0 {
        guard readControl(header, at: start, words) else {
          damage()
          return nil
        }
        continue
      }
      // Behind damage nobody knows whose records these are until the next context.
      if writer == 0 { continue }
      eventsInCopy &+= 1
      let ticks = max(base &+ (header & 0xffff_ffff), lastTicks)
      lastTicks = ticks
      return RingRecord(
        header: header, ticks: ticks, writer: writer,
        payload: UnsafePointer(copy + start + 1), payloadWords: words &- 1)
    }
    finishCopy()
    return nil
  }

  /// Words of the stretch that ``advance()`` copied and that is not yet read to its end.
  public var copiedWords: Int { copied }

  /// Takes the notices gathered so far.
  public mutating func takeNotices() -> [RingNotice] {
    defer { notices.removeAll(keepingCapacity: true) }
    return notices
  }

  /// Asks the counters for losses that no page context has told of yet. When everything has been
  /// read, also counts the events of the current page that could not be.
  public mutating func pollLosses() {
    let now = set.ticks
    nowTicks = max(nowTicks, now)
    let tail = trace_load_u64(&control.pointee.tail)
    let written = eventsBeforePage &+ tail >> RingLayout.eventCountShift
    if tail & RingLayout.positionMask == position, copied == 0, written > eventsSeen,
      written - eventsSeen <= UInt64(RingLayout.pageWords)
    {
      note(.damaged, written - eventsSeen, until: now)
      eventsSeen = written
    }
    for cause in RingLoss.allCases {
      noteLoss(cause, trace_load_relaxed_u64(lossCounter(control, cause)), at: now)
    }
  }

  /// Asks producers to wake the drain when the ring fills.
  public func requestWake() {
    trace_store_u32(&control.pointee.wake_wanted, 1)
  }

  @usableFromInline
  mutating func finishCopy() {
    guard copied > 0 else { return }
    eventsSeen &+= eventsInCopy
    eventsInCopy = 0
    copied = 0
  }

  /// A context, page context or pad. False when it is none of them.
  @usableFromInline @inline(never)
  mutating func readControl(_ header: UInt64, at start: Int, _ words: Int) -> Bool {
    switch header & 0xffff_ffff {
    case RecordHeader.Control.pad: return true
    case RecordHeader.Control.context:
      guard words == RingLayout.contextWords else { return false }
    case RecordHeader.Control.pageContext:
      guard words == RingLayout.pageContextWords, start == 0 else { return false }
      readPageContext(copy + start)
    default: return false
    }
    // Ticks are in order within a ring; what says otherwise is damage that is worth less than the
    // events.
    writer = copy[start + 1]
    base = min(max(copy[start + 2], lastTicks), nowTicks)
    return true
  }

  private mutating func readPageContext(_ context: UnsafeMutablePointer<UInt64>) {
    let before = context[3]
    if isRecovering {
      if eventsSeen == 0 { eventsBeforeStart = before }
      eventsSeen = max(before, 1)
      return
    }
    if before > eventsSeen, before - eventsSeen < 1 << 48 {
      let cause: RingNotice.Cause = set.parameters.mode == .overwrite ? .overwritten : .damaged
      note(cause, before - eventsSeen, until: context[2])
    }
    eventsSeen = max(before, eventsSeen)
    eventsBeforePage = before
    for cause in RingLoss.allCases {
      noteLoss(cause, context[5 + cause.rawValue], at: context[2])
    }
  }

  private mutating func noteLoss(_ cause: RingLoss, _ total: UInt64, at ticks: UInt64) {
    let seen = lossesSeen[cause.rawValue]
    // A counter that went back, or leapt beyond what any machine emits, was scribbled over.
    guard total > seen, total - seen < 1 << 48 else { return }
    lossesSeen[cause.rawValue] = total
    note(.lost(cause), total - seen, until: ticks)
  }

  private mutating func note(_ cause: RingNotice.Cause, _ count: UInt64, until ticks: UInt64) {
    let end = min(max(ticks, lastTicks), max(nowTicks, lastTicks))
    notices.append(RingNotice(cause: cause, count: count, fromTicks: lastTicks, toTicks: end))
  }

  /// The rest of the copied stretch cannot be read. How many events were in it, the next page's
  /// context says.
  @usableFromInline
  mutating func damage() {
    note(.damaged, 0, until: nowTicks)
    finishCopy()
    writer = 0
    base = lastTicks
  }

  /// `tail` makes no sense: starts over at it.
  private mutating func giveUp(at end: UInt64) {
    nowTicks = set.ticks
    note(.damaged, 0, until: nowTicks)
    position = end
    trace_store_u64(&control.pointee.head, end)
  }

  // MARK: Overwrite mode

  /// The oldest page that no producer can be writing: its successor's data is stored before `tail`
  /// is.
  private func oldestValid(_ tail: UInt64) -> UInt64 {
    let page = UInt64(RingLayout.pageWords)
    let current = tail & ~(page - 1)
    return current &+ 2 &* page > ringWords ? current &+ 2 &* page &- ringWords : 0
  }

  private mutating func skipOverwritten(_ tail: UInt64) {
    position = max(position, min(oldestValid(tail), tail))
  }

  /// Whether producers came round while a page was copied; what was copied is then worthless.
  private mutating func wasOvertaken() -> Bool {
    let tail = trace_load_u64(&control.pointee.tail) & RingLayout.positionMask
    guard oldestValid(tail) > position else { return false }
    copied = 0
    return true
  }
}
