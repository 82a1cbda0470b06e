/// How many events a ring has held up to where its reader stands: those that were read, and those
/// that are known to be lost.
///
/// The ring says it twice: each page context counts the events before its page, and `tail` counts
/// those in the current page. Both come from shared memory, and are believed as far as the words
/// that could not be read have room for the events that are missing.
struct RingAccount {
  /// What a count of the ring says about the events before it.
  struct Finding: Equatable {
    /// Events that are missing; the least number where it is not known exactly.
    var missing: UInt64 = 0
    /// Something unreadable lay before, and this settles how much it was.
    var wasUnsettled = false
    /// The count contradicts what was read: the ring was overwritten.
    var isContradiction = false
  }

  private(set) var events: UInt64 = 0
  /// Those of them that lie in the page that is being read.
  private var eventsInPage: UInt64 = 0
  /// Up to here every word was read, or its events are counted.
  private var exactPosition: UInt64 = 0
  private var pageStart: UInt64 = 0
  /// The page's context was read.
  private var isPageKnown = false
  /// Something could not be read, and how many events it held is not known yet.
  private(set) var isUnsettled = false
  /// Of what is unsettled, so many events are counted already.
  private var countedOfUnsettled: UInt64 = 0
  /// The ring began anew; the next page context says where it stands.
  private var isAdrift = false
  private var tailSeen: UInt64 = 0
  private var eventsAtTail: UInt64 = 0

  private static let pageMask = UInt64(RingLayout.pageWords - 1)

  // MARK: What the reader does

  /// `count` events were read, up to `position`.
  mutating func read(_ count: UInt64, upTo position: UInt64) {
    events &+= count
    eventsInPage &+= count
    if !isUnsettled, isPageKnown { exactPosition = position }
  }

  /// The rest of a stretch could not be read.
  mutating func damage() { isUnsettled = true }

  /// The page at `position` begins with something else than its context.
  mutating func enterUnknownPage(at position: UInt64) {
    isUnsettled = true
    isPageKnown = false
    eventsInPage = 0
    pageStart = position
  }

  /// The page at `position` says that `before` events came before it.
  mutating func enterPage(at position: UInt64, eventsBefore before: UInt64) -> Finding {
    defer {
      events = before
      eventsInPage = 0
      exactPosition = position
      pageStart = position
      isPageKnown = true
      isAdrift = false
      settle()
    }
    var finding = Finding(wasUnsettled: isUnsettled)
    let least = leastUnsettled
    if isAdrift {
      finding.missing = least
      return finding
    }
    if before == events { return finding }
    let room = position > exactPosition ? position - exactPosition : 0
    if before > events {
      finding.isContradiction = before - events > room
      finding.missing = finding.isContradiction ? least : before - events
    } else {
      // The count began anew with the page that was left: it says how many events that one held.
      finding.isContradiction = true
      let ofPage = before > eventsInPage ? before - eventsInPage : 0
      finding.missing = max(least, min(ofPage, room))
    }
    return finding
  }

  /// Everything up to `position` was read, and `tail` says that the page holds `count` events.
  mutating func reachedTail(at position: UInt64, eventsInPage count: UInt64) -> Finding {
    guard count != eventsInPage || isUnsettled else { return Finding() }
    let from = max(exactPosition, pageStart)
    let room = position > from ? position - from : 0
    var finding = Finding(wasUnsettled: isUnsettled)
    if count >= eventsInPage, count - eventsInPage <= room {
      finding.missing = max(count - eventsInPage, isAdrift ? leastUnsettled : 0)
    } else {
      finding.isContradiction = true
      finding.missing = leastUnsettled
    }
    eventsInPage = count
    events &+= finding.missing
    countedOfUnsettled &+= finding.missing
    if isPageKnown || isAdrift {
      exactPosition = position
      settle()
    }
    return finding
  }

  /// Nothing more will be read: the events that are missing at least.
  mutating func close() -> UInt64 {
    defer { settle() }
    return leastUnsettled
  }

  private var leastUnsettled: UInt64 { isUnsettled && countedOfUnsettled == 0 ? 1 : 0 }

  private mutating func settle() {
    isUnsettled = false
    countedOfUnsettled = 0
  }

  // MARK: The ring's end

  /// Whether the ring ended later when it was looked at before: then it was overwritten.
  func hasGoneBack(_ tail: UInt64) -> Bool { tail < tailSeen }

  /// The ring ends at `tail`; `written` events are in it by its own account, where it has one.
  mutating func saw(tail: UInt64, written: UInt64?) {
    tailSeen = tail
    guard let written, written >= events, !isAdrift else { return }
    let room = tail > exactPosition ? tail - exactPosition : 0
    if written - events <= room { eventsAtTail = written }
  }

  /// The ring began anew, or its end makes no sense: reading goes on at `position`. The events that
  /// are known to be missing; if there are none, what comes next counts at least one.
  mutating func restart(at position: UInt64, tail: UInt64) -> UInt64 {
    let known = eventsAtTail > events ? eventsAtTail - events : 0
    self = RingAccount()
    isAdrift = true
    tailSeen = tail
    pageStart = position & ~Self.pageMask
    exactPosition = pageStart
    isUnsettled = true
    countedOfUnsettled = known
    return known
  }
}
