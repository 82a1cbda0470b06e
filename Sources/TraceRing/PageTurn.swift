import CTraceShims

/// The stores that make a ring ready for a record: a context record, or a new page that begins with
/// one.
///
/// The order is: `writer` = 0, then all data that is not read yet, then `tail`, then `writer` = me.
/// The ring stays well-formed whenever the writer is interrupted, and the next producer starts
/// over.
struct PageTurn {
  static let storesMax = 24

  enum Need {
    /// The record fits at `tail`; its delta is relative to `base`.
    case nothing(base: UInt64)
    case room
    /// The number of stores to make; afterwards `tail` has this value, and deltas are relative to
    /// ``PageTurn/ticks``.
    case stores(Int, tail: UInt64)
  }

  let slot: UnsafeMutablePointer<trace_slot>
  let ring: trace_ring_ref
  let tail: UInt64
  let ticks: UInt64
  let writer: UInt64

  private var position: UInt64 { tail & RingLayout.positionMask }
  private var wordsLeft: Int { Int((0 &- position) & UInt64(RingLayout.pageWords - 1)) }

  /// Fills `stores` with the stores needed before a record of `words` fits.
  func plan(_ words: Int, _ stores: UnsafeMutablePointer<trace_store>) -> Need {
    let control = ring.control
    let base = trace_load_relaxed_u64(&control.pointee.base_ticks)
    let isInReach = (ticks &- base) >> 32 == 0
    let isMine = trace_load_relaxed_u64(&control.pointee.writer) == writer && isInReach
    if isMine, wordsLeft >= words { return .nothing(base: base) }
    if wordsLeft >= words + RingLayout.contextWords { return planContext(stores) }
    let next =
      (position + UInt64(RingLayout.pageWords - 1)) & ~UInt64(RingLayout.pageWords - 1)
    guard hasRoom(next) else { return .room }
    return planPage(at: next, stores)
  }

  private func hasRoom(_ next: UInt64) -> Bool {
    if slot.pointee.mode == BufferMode.overwrite.rawValue { return true }
    let end = next &+ UInt64(RingLayout.pageWords)
    let head = trace_load_u64(&ring.control.pointee.head)
    return end &- head <= slot.pointee.ring_mask_words &+ 1
  }

  private func word(_ position: UInt64) -> UnsafeMutablePointer<UInt64> {
    ring.data + Int(position & slot.pointee.ring_mask_words)
  }

  private func planContext(_ stores: UnsafeMutablePointer<trace_store>) -> Need {
    var list = StoreList(stores)
    let size = UInt64(RingLayout.contextWords)
    list.add(&ring.control.pointee.writer, 0)
    list.add(word(position), RecordHeader.Control.context | size << 48)
    list.add(word(position + 1), writer)
    list.add(word(position + 2), ticks)
    list.add(&ring.control.pointee.base_ticks, ticks)
    list.add(&ring.control.pointee.tail, tail &+ size)
    list.add(&ring.control.pointee.writer, writer)
    return .stores(list.count, tail: tail &+ size)
  }

  private func planPage(at next: UInt64, _ stores: UnsafeMutablePointer<trace_store>) -> Need {
    var list = StoreList(stores)
    let size = UInt64(RingLayout.pageContextWords)
    list.add(&ring.control.pointee.writer, 0)
    if wordsLeft > 0 {
      list.add(word(position), RecordHeader.Control.pad | UInt64(wordsLeft) << 48)
    }
    list.add(word(next), RecordHeader.Control.pageContext | size << 48)
    list.add(word(next + 1), writer)
    list.add(word(next + 2), ticks)
    list.add(word(next + 3), eventsBefore(next))
    list.add(word(next + 4), next)
    withUnsafePointer(to: &ring.control.pointee.lost) { lost in
      lost.withMemoryRebound(to: UInt64.self, capacity: Int(TRACE_LOSS_CAUSES)) {
        for cause in 0..<UInt64(TRACE_LOSS_CAUSES) {
          list.add(word(next + 5 + cause), trace_load_relaxed_u64($0 + Int(cause)))
        }
      }
    }
    list.add(word(next + 10), 0)
    list.add(word(next + 11), 0)
    list.add(&ring.control.pointee.base_ticks, ticks)
    list.add(&ring.control.pointee.tail, next &+ size)
    list.add(&ring.control.pointee.writer, writer)
    return .stores(list.count, tail: next &+ size)
  }

  /// The number of events written to the ring before the page at `next`: those before the current
  /// page, from its context, and those in it, from `tail`.
  private func eventsBefore(_ next: UInt64) -> UInt64 {
    guard next > 0 else { return 0 }
    let left = next - UInt64(RingLayout.pageWords)
    return trace_load_relaxed_u64(word(left + 3)) &+ tail >> RingLayout.eventCountShift
  }

  /// Wakes a sleeping consumer when a large part of the ring is full. Called after a page was
  /// entered.
  func wakeConsumerIfFilling() {
    let control = ring.control
    guard trace_load_u32(&control.pointee.wake_wanted) != 0 else { return }
    let used = position &- trace_load_u64(&control.pointee.head)
    guard used >= (slot.pointee.ring_mask_words &+ 1) / 4 else { return }
    if trace_exchange_u32(&control.pointee.wake_wanted, 0) != 0 {
      trace_wake_peer(slot.pointee.wake_fd)
    }
  }
}

/// Stores, in the order in which they must be made.
struct StoreList {
  private let stores: UnsafeMutablePointer<trace_store>
  private(set) var count = 0

  init(_ stores: UnsafeMutablePointer<trace_store>) { self.stores = stores }

  mutating func add(_ address: UnsafeMutablePointer<UInt64>, _ value: UInt64) {
    stores[count] = trace_store(address: address, value: value)
    count += 1
  }
}
