public import CTraceShims
import Glibc

/// Attaches sessions' buffer sets to this process's emitters, and detaches them.
///
/// Only one thread at a time (the control thread) may call this. Emitters run concurrently.
public enum EmitterSlots {
  public static let count = Int(TRACE_SLOTS)
  /// How long a detach waits for emitters in the slow path before it leaves the mapping in place.
  private static let drainRoundsMax = 2_000
  private static let drainPauseNanoseconds = 500_000

  /// A free slot, or nil if all slots are in use.
  public static var free: Int? {
    (0..<count).first { trace_load_u64(&slot($0).pointee.generation) & 1 == 0 }
  }

  /// Lets emitters write to the set. `processSlot` is the session's number of this process.
  /// `wakeDescriptor` is the session's socket; the caller keeps both open until ``detach(_:)``. In
  /// block mode, emitters wait for at most `blockTimeoutLimit_ns`, whatever the session requests.
  public static func attach(
    _ set: BufferSet, to index: Int, processSlot: UInt32, wakeDescriptor: Int32,
    blockTimeoutLimit_ns: UInt64 = .max
  ) {
    let slot = slot(index)
    precondition(slot.pointee.generation & 1 == 0, "the slot is taken")
    let parameters = set.parameters
    set.hasHadEmitters = true
    let rings = trace_rings_of(UInt32(index))
    for ring in 0..<parameters.ringCount {
      rings[ring] = trace_ring_ref(control: set.control(ring), data: set.data(ring))
    }
    slot.pointee.rings = rings
    slot.pointee.control = set.control(0)
    slot.pointee.ring_mask_words = UInt64(parameters.ringBytes / 8 - 1)
    trace_store_relaxed_u64(&slot.pointee.writer_high, UInt64(processSlot) << 32)
    slot.pointee.ring_count = UInt32(parameters.ringCount)
    slot.pointee.mode = parameters.mode.rawValue
    slot.pointee.wake_fd = wakeDescriptor
    slot.pointee.block_timeout_ns = min(
      parameters.blockTimeoutNanoseconds, blockTimeoutLimit_ns)
    slot.pointee.uses_monotonic_clock = parameters.usesMonotonicClock ? 1 : 0
    slot.pointee.uses_locks = parameters.writerKind == .lock ? 1 : 0
    slot.pointee.stalled = 0
    slot.pointee.set = set.header
    slot.pointee.set_bytes = UInt64(set.byteCount)
    let generation = slot.pointee.generation + 1
    trace_store_u64(
      &slot.pointee.fast_generation, parameters.writerKind == .rseq ? generation : 0)
    trace_store_u64(&slot.pointee.generation, generation)
  }

  /// Detaches the session's set. If this returns true, no emitter reads or writes the set any more,
  /// and it may be released. If false, an emitter did not leave the slow path within a second (a
  /// signal handler jumped out of it, or a thread is stopped). The set must then be kept, and the
  /// slot must not be used again.
  public static func detach(_ index: Int) -> Bool {
    let slot = slot(index)
    precondition(slot.pointee.generation & 1 == 1, "the slot is free")
    let hasSections = slot.pointee.fast_generation != 0
    trace_store_u64(&slot.pointee.fast_generation, 0)
    trace_store_u64(&slot.pointee.generation, slot.pointee.generation + 1)
    trace_fence()
    // Restarts every emitter that is inside a section; it then sees the new generation.
    let isFenced = !hasSections || trace_rseq_barrier() == 0
    guard isFenced, waitForSlowUsers(slot) else { return false }
    slot.pointee.rings = nil
    slot.pointee.control = nil
    slot.pointee.set = nil
    return true
  }

  /// Opens the shortest path to the event of `row` if only one session wants it, without stacks,
  /// and closes it otherwise. To be called after each change of the row, and before a session of
  /// the row is detached; the caller excludes other callers for this row.
  public static func publishSoleSession(of row: UnsafeMutablePointer<trace_event_row>) {
    let wanted = trace_event_wanted(row)
    let index = wanted.trailingZeroBitCount
    guard wanted.nonzeroBitCount == 1, trace_load_u8(&row.pointee.stack_mask) & wanted == 0,
      trace_load_u64(&slot(index).pointee.fast_generation) != 0
    else { return trace_clear_event_sole(row) }
    trace_set_event_sole(row, UInt32(index), trace_event_ref(row, UInt32(index)))
  }

  /// Makes the globals and types that ``forgetAfterFork()`` uses, so that it needs no lock of
  /// Swift's runtime. To be called before the first fork.
  public static func prepareForForks() { RetiredMappings.prepareForForks() }

  /// Called in the child after a fork. Unmaps the parent's sets and leaves the wake descriptors to
  /// their owner. Takes no lock, frees nothing and uses no object, because another thread of the
  /// parent may have been changing it. Attached ``BufferSet``s must never be released in the child.
  public static func forgetAfterFork() {
    for index in 0..<count {
      let slot = slot(index)
      slot.pointee.fast_generation = 0
      slot.pointee.slow_users = 0
      guard slot.pointee.generation & 1 == 1 else { continue }
      slot.pointee.generation += 1
      if let set = slot.pointee.set { munmap(set, Int(slot.pointee.set_bytes)) }
      slot.pointee.rings = nil
      slot.pointee.control = nil
      slot.pointee.set = nil
    }
    RetiredMappings.forgetAfterFork()
    trace_thread_forget()
  }

  private static func waitForSlowUsers(_ slot: UnsafeMutablePointer<trace_slot>) -> Bool {
    for _ in 0..<drainRoundsMax {
      if trace_load_u32(&slot.pointee.slow_users) == 0 { return true }
      var pause = timespec(tv_sec: 0, tv_nsec: drainPauseNanoseconds)
      nanosleep(&pause, nil)
    }
    return false
  }

  private static func slot(_ index: Int) -> UnsafeMutablePointer<trace_slot> {
    trace_slot_at(UInt32(index))
  }
}
