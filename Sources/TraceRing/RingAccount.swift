/// The number of events in a ring up to the reader's position: those that were read, and those
/// known to be lost.
///
/// The ring has this number twice: each page context counts the events before its page, and `tail`
/// counts those in the current page. Both come from shared memory. They are used only as far as the
/// unreadable words have room for the missing events.
struct RingAccount {
  /// The result of comparing a count of the ring with the events before it.
  struct Finding: Equatable {
    /// Number of missing events; a lower bound if it is not known exactly.
    var missing: UInt64 = 0
    /// There was unreadable data before, and this count settles the number of its events.
    var wasUnsettled = false
    /// The count contradicts the events read: the ring was overwritten.
    var isContradiction = false
  }

  private(set) var events: UInt64 = 0
  /// The number of these events in the current page.
  private var eventsInPage: UInt64 = 0
  /// Up to this position, every word was read or its events were counted.
  private var exactPosition: UInt64 = 0
  private var pageStart: UInt64 = 0
  /// The page's context was read.
  private var isPageKnown = false
  /// Data could not be read, and the number of its events is not known yet.
  private(set) var isUnsettled = false
  /// The number of events already counted for the unsettled part.
  private var countedOfUnsettled: UInt64 = 0
  /// The ring was reset; the next page context has its state.
  private var isAdrift = false
  private var tailSeen: UInt64 = 0
  private var eventsAtTail: UInt64 = 0

  private static let pageMask = UInt64(RingLayout.pageWords - 1)

  // MARK: Reading

  /// Records that `count` events were read, up to `position`.
  mutating func read(_ count: UInt64, upTo position: UInt64) {
    events &+= count
    eventsInPage &+= count
    if !isUnsettled, isPageKnown { exactPosition = position }
  }

  /// The rest of a stretch could not be read.
  mutating func damage() { isUnsettled = true }

  /// The page at `position` does not begin with a page context.
  mutating func enterUnknownPage(at position: UInt64) {
    isUnsettled = true
    isPageKnown = false
    eventsInPage = 0
    pageStart = position
  }

  /// The context of the page at `position` states that `before` events precede the page.
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
      // The count started with the previous page, and gives the number of events in that page.
      finding.isContradiction = true
      let ofPage = before > eventsInPage ? before - eventsInPage : 0
      finding.missing = max(least, min(ofPage, room))
    }
    return finding
  }

  /// Everything up to `position` was read, and according to `tail` the page holds `count` events.
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

  /// Ends the account; returns a lower bound of the missing events.
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

  /// Whether the ring's end moved back, which means that the ring was overwritten.
  func hasGoneBack(_ tail: UInt64) -> Bool { tail < tailSeen }

  /// The ring ends at `tail` and, by its own count, holds `written` events; nil if it has no count.
  mutating func saw(tail: UInt64, written: UInt64?) {
    tailSeen = tail
    guard let written, written >= events, !isAdrift else { return }
    let room = tail > exactPosition ? tail - exactPosition : 0
    if written - events <= room { eventsAtTail = written }
  }

  /// The ring was reset, or its end is invalid; reading continues at `position`. Returns the number
  /// of events known to be missing. If there are none, the next finding counts at least one.
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
