import CTraceShims

/// The consumer of one ring. It copies complete data page by page and parses the copy, so a process
/// that overwrites the ring can change the values read, but not the parsing.
///
/// Every word of shared memory is loaded once, checked, and used as loaded.
///
/// Use it from one thread at a time. Space in the ring is released as soon as it is copied.
public struct RingReader: ~Copyable {
  let set: BufferSet
  let ring: Int
  private let control: UnsafeMutablePointer<trace_ring_control>
  private let data: UnsafeMutablePointer<UInt64>
  private let ringWords: UInt64
  @usableFromInline let copy: UnsafeMutablePointer<UInt64>
  private let ownsCopy: Bool
  @usableFromInline var copied = 0
  @usableFromInline var index = 0
  /// Position in the ring of the next word to copy.
  private var position: UInt64 = 0
  /// Where the ring ended when ``aim()`` was called, or was begun anew since.
  private var goal: UInt64 = 0
  @usableFromInline var base: UInt64 = 0
  @usableFromInline var writer: UInt64 = 0
  /// Records later than this are invalid: a record from the future would disrupt the trace's time
  /// order.
  @usableFromInline var nowTicks: UInt64
  /// Ticks of the last record; later records are not earlier. Changed by the reader.
  public var lastTicks: UInt64
  @usableFromInline var eventsInCopy: UInt64 = 0
  /// Whether the copy has records without a known writer.
  @usableFromInline var hasOrphans = false
  private var account = RingAccount()
  /// The current page, and the time when it began; another time means that the ring was reset.
  private var page: (start: UInt64, ticks: UInt64)?
  private var losses = InlineArray<5, LossMeter>(repeating: LossMeter())
  private var lossesWithoutRseq = LossMeter()
  private var allowance: LossAllowance
  public private(set) var notices: [RingNotice] = []
  private var isRecovering = false
  /// For a recovering reader: the number of events before the oldest page still in the ring; nil
  /// until a page that states it was read.
  public private(set) var eventsBeforeStart: UInt64?

  /// `copy` has room for a page. Several readers may share it if only one at a time has an
  /// unfinished copy; the caller owns it. If nil, the reader allocates one.
  public init(_ set: BufferSet, ring: Int, copy: UnsafeMutablePointer<UInt64>? = nil) {
    self.set = set
    self.ring = ring
    control = set.control(ring)
    data = set.data(ring)
    ringWords = UInt64(set.parameters.ringBytes / 8)
    ownsCopy = copy == nil
    self.copy = copy ?? .allocate(capacity: RingLayout.pageWords)
    // Not the current time, because producers may have written already.
    lastTicks = set.mappedTicks
    nowTicks = set.mappedTicks
    allowance = LossAllowance(fromNanoseconds: set.mappedNanoseconds)
  }

  /// A reader of all data in a ring whose session has ended, including data that the session has
  /// read. It reports no losses, because the session's trace has them.
  public init(recovering set: BufferSet, ring: Int) {
    self.init(set, ring: ring)
    lastTicks = 0
    isRecovering = true
    let tail = trace_load_u64(&control.pointee.tail) & RingLayout.positionMask
    position = min(oldestValid(tail), tail)
  }

  deinit { if ownsCopy { copy.deallocate() } }

  /// The number of pages in the ring.
  public var pageCount: Int { Int(ringWords) / RingLayout.pageWords }

  /// Whether there is data to copy.
  public var hasMore: Bool {
    trace_load_u64(&control.pointee.tail) & RingLayout.positionMask != position
  }

  /// Sets the goal to the ring's present end.
  public mutating func aim() {
    goal = trace_load_u64(&control.pointee.tail) & RingLayout.positionMask
  }

  /// Whether everything up to the goal was read, or is lost and counted. A ring written by emitters
  /// reaches its goal within one page more than it has.
  public var isAtGoal: Bool { position >= goal }

  /// Skips what is in the ring now, and counts it as damaged. For a ring that does not reach its
  /// goal, because it was overwritten.
  public mutating func skip() {
    restart(atTail: trace_load_u64(&control.pointee.tail) & RingLayout.positionMask, skips: true)
    let missing = account.close()
    if missing > 0 { note(.damaged, missing, until: nowTicks) }
  }

  /// Copies the next stretch, at most a page. False if there is none.
  public mutating func advance() -> Bool {
    let tail = trace_load_u64(&control.pointee.tail) & RingLayout.positionMask
    nowTicks = max(nowTicks, set.ticks)
    guard !account.hasGoneBack(tail) else {
      restart(atTail: tail)
      return false
    }
    account.saw(tail: tail, written: nil)
    if set.parameters.mode == .overwrite { skipOverwritten(tail) }
    guard tail != position else { return false }
    guard tail > position, tail - position <= ringWords, !isPageReplaced() else {
      restart(atTail: tail)
      return false
    }
    let start = position
    let end = min(tail, (start | UInt64(RingLayout.pageWords - 1)) + 1)
    copied = Int(end - start)
    index = 0
    eventsInCopy = 0
    copy.update(from: data + Int(start & (ringWords - 1)), count: copied)
    if set.parameters.mode == .overwrite, wasOvertaken() { return false }
    position = end
    trace_store_u64(&control.pointee.head, end)
    if start & UInt64(RingLayout.pageWords - 1) == 0 { enterPage(at: start) }
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
        break
      }
      let start = index
      index &+= words
      if RecordHeader.ref(header) == 0 {
        if !readControl(header, at: start, words) { damage() }
        continue
      }
      // After damage, the writer of the records is unknown until the next context.
      if writer == 0 {
        hasOrphans = true
        continue
      }
      eventsInCopy &+= 1
      let ticks = max(min(base &+ (header & 0xffff_ffff), nowTicks), lastTicks)
      lastTicks = ticks
      return RingRecord(
        header: header, ticks: ticks, writer: writer,
        payload: UnsafePointer(copy + start + 1), payloadWords: words &- 1)
    }
    finishCopy()
    return nil
  }

  /// Number of words in the stretch that ``advance()`` copied, while it is not read to its end.
  public var copiedWords: Int { copied }

  /// Returns and clears the notices gathered so far.
  public mutating func takeNotices() -> [RingNotice] {
    defer { notices.removeAll(keepingCapacity: true) }
    return notices
  }

  /// Reads the counters for losses that no page context has reported yet. If everything has been
  /// read, also counts the events of the current page that could not be read.
  public mutating func pollLosses() {
    nowTicks = max(nowTicks, set.ticks)
    let tail = trace_load_u64(&control.pointee.tail)
    let end = tail & RingLayout.positionMask
    let inPage = tail >> RingLayout.eventCountShift
    if account.hasGoneBack(end) || isPageReplaced() {
      restart(atTail: end)
    } else {
      account.saw(tail: end, written: eventsWritten(upTo: end, inPage: inPage))
    }
    if end == position, copied == 0 {
      note(account.reachedTail(at: end, eventsInPage: inPage), .damaged)
    }
    let now = trace_monotonic_ns()
    for cause in RingLoss.allCases {
      let total = trace_load_relaxed_u64(lossCounter(control, cause))
      note(losses[cause.rawValue].read(total, &allowance, atNanoseconds: now), .lost(cause))
    }
    // The set has one such counter, reported with its first ring.
    if ring == 0 {
      let total = set.lostWithoutRseq
      note(lossesWithoutRseq.read(total, &allowance, atNanoseconds: now), .lostWithoutRseq)
    }
    allowance.restart(atNanoseconds: now)
  }

  /// Called when nothing more will be read. Unreadable data counts as at least one event.
  public mutating func close() {
    pollLosses()
    let missing = account.close()
    if missing > 0 { note(.damaged, missing, until: nowTicks) }
  }

  /// Asks producers to wake the drain when the ring fills.
  public func requestWake() {
    trace_store_u32(&control.pointee.wake_wanted, 1)
  }

  @usableFromInline
  mutating func finishCopy() {
    guard copied > 0 else { return }
    if hasOrphans { account.damage() }
    hasOrphans = false
    account.read(eventsInCopy, upTo: position)
    eventsInCopy = 0
    copied = 0
  }

  // MARK: Contexts

  /// Reads a context or a pad. False for any other record: a page context is valid only at the
  /// beginning of its page.
  @usableFromInline @inline(never)
  mutating func readControl(_ header: UInt64, at start: Int, _ words: Int) -> Bool {
    switch header & 0xffff_ffff {
    case RecordHeader.Control.pad: return true
    case RecordHeader.Control.context:
      guard words == RingLayout.contextWords else { return false }
      readContext(at: start)
      return true
    default: return false
    }
  }

  /// Ticks do not decrease within a ring. A decrease is damage, but the events are kept.
  private mutating func readContext(at start: Int) {
    writer = copy[start + 1]
    base = min(max(copy[start + 2], lastTicks), nowTicks)
  }

  /// The copy begins with a page. Its context comes first, unless the page was overwritten.
  private mutating func enterPage(at start: UInt64) {
    let size = RingLayout.pageContextWords
    guard copied >= size, Self.isPageContext(copy[0]), copy[4] == start else {
      account.enterUnknownPage(at: start)
      page = nil
      damage()
      return
    }
    index = size
    page = (start, copy[2])
    let cause: RingNotice.Cause =
      set.parameters.mode == .overwrite && !account.isUnsettled ? .overwritten : .damaged
    let finding = account.enterPage(at: start, eventsBefore: copy[3])
    if isRecovering {
      // Each event took at least one word.
      eventsBeforeStart = eventsBeforeStart ?? min(copy[3], start)
    } else {
      note(finding, cause, until: copy[2])
      noteEarlierLosses()
    }
    readContext(at: 0)
  }

  /// Reports the losses that a page context states for the time before its page.
  private mutating func noteEarlierLosses() {
    let now = trace_monotonic_ns()
    for cause in RingLoss.allCases {
      let lost = losses[cause.rawValue].readEarlier(
        copy[5 + cause.rawValue],
        total: trace_load_relaxed_u64(lossCounter(control, cause)), &allowance, atNanoseconds: now)
      if lost > 0 { note(.lost(cause), lost, until: copy[2]) }
    }
  }

  private static func isPageContext(_ header: UInt64) -> Bool {
    RecordHeader.words(header) == RingLayout.pageContextWords && RecordHeader.ref(header) == 0
      && header & 0xffff_ffff == RecordHeader.Control.pageContext
  }

  /// The number of events in the ring up to its end, from the context of its last page; nil if
  /// there is no valid context.
  private func eventsWritten(upTo tail: UInt64, inPage: UInt64) -> UInt64? {
    guard tail > 0 else { return nil }
    let start = (tail - 1) & ~UInt64(RingLayout.pageWords - 1)
    let page = data + Int(start & (ringWords - 1))
    let before = trace_load_u64(page + 3)
    guard Self.isPageContext(trace_load_u64(page)), trace_load_u64(page + 4) == start,
      before <= start
    else { return nil }
    return before + inPage
  }

  // MARK: Notices

  private mutating func note(_ reading: LossMeter.Reading, _ cause: RingNotice.Cause) {
    switch reading {
    case .lost(0): break
    case .lost(let count): note(cause, count, until: nowTicks)
    case .implausible: note(.implausible, 0, until: nowTicks)
    }
  }

  private mutating func note(
    _ finding: RingAccount.Finding, _ cause: RingNotice.Cause, until ticks: UInt64 = .max
  ) {
    if finding.isContradiction { note(.implausible, 0, until: ticks) }
    if finding.missing > 0 { note(cause, finding.missing, until: ticks) }
  }

  private mutating func note(_ cause: RingNotice.Cause, _ count: UInt64, until ticks: UInt64) {
    let end = min(max(ticks, lastTicks), max(nowTicks, lastTicks))
    notices.append(RingNotice(cause: cause, count: count, fromTicks: lastTicks, toTicks: end))
  }

  /// The rest of the copied stretch cannot be read. The next page's context, or `tail`, gives the
  /// number of its events.
  @usableFromInline
  mutating func damage() {
    note(.damaged, 0, until: nowTicks)
    account.damage()
    index = copied
    writer = 0
    base = lastTicks
  }

  /// The ring ends before the position read, or beyond its capacity, so it was overwritten. Reads
  /// the pages that were begun since, if any; otherwise continues at its end.
  private mutating func restart(atTail tail: UInt64, skips: Bool = false) {
    let page = UInt64(RingLayout.pageWords)
    var start = tail & ~(page - 1)
    var isNew = !skips && tail > start && isNewPage(at: start)
    if !isNew { start = tail }
    while isNew, start >= page, tail - start < ringWords - page {
      isNew = isNewPage(at: start - page)
      if isNew { start -= page }
    }
    note(.damaged, account.restart(at: start, tail: tail), until: nowTicks)
    writer = 0
    base = lastTicks
    self.page = nil
    position = start
    goal = tail
    trace_store_u64(&control.pointee.head, start)
  }

  /// Whether the partly read page was replaced. In overwrite mode, producers may replace it at any
  /// time.
  private func isPageReplaced() -> Bool {
    guard let page, set.parameters.mode != .overwrite,
      position & ~UInt64(RingLayout.pageWords - 1) == page.start
    else { return false }
    return trace_load_u64(data + Int(page.start & (ringWords - 1)) + 2) != page.ticks
  }

  private func isNewPage(at start: UInt64) -> Bool {
    let page = data + Int(start & (ringWords - 1))
    let ticks = trace_load_u64(page + 2)
    return Self.isPageContext(trace_load_u64(page)) && trace_load_u64(page + 4) == start
      && ticks > lastTicks && ticks <= nowTicks
  }

  // MARK: Overwrite mode

  /// The oldest page that no producer can be writing: the data of its successor is stored before
  /// `tail`.
  private func oldestValid(_ tail: UInt64) -> UInt64 {
    let page = UInt64(RingLayout.pageWords)
    let current = tail & ~(page - 1)
    return current &+ 2 &* page > ringWords ? current &+ 2 &* page &- ringWords : 0
  }

  private mutating func skipOverwritten(_ tail: UInt64) {
    position = max(position, min(oldestValid(tail), tail))
  }

  /// Whether producers overwrote a page while it was copied; the copy is then invalid.
  private mutating func wasOvertaken() -> Bool {
    let tail = trace_load_u64(&control.pointee.tail) & RingLayout.positionMask
    guard oldestValid(tail) > position else { return false }
    copied = 0
    return true
  }
}
