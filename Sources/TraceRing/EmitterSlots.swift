import CTraceShims
import Glibc

/// Attaches sessions' buffer sets to this process's emitters and takes them away again.
///
/// One thread at a time (the control thread) may call this; emitters run meanwhile.
public enum EmitterSlots {
  public static let count = Int(TRACE_SLOTS)
  /// How long a detach waits for emitters in the slow path before it leaves the mapping behind.
  private static let drainRoundsMax = 2_000
  private static let drainPauseNanoseconds = 500_000

  /// A free slot, or nil when all sessions' places are taken.
  public static var free: Int? {
    (0..<count).first { trace_load_u64(&slot($0).pointee.generation) & 1 == 0 }
  }

  /// Lets emitters write into the set as the process that the session calls `processSlot`.
  /// `wakeDescriptor` is the session's socket; the caller keeps both open until ``detach(_:)``.
  /// In block mode emitters wait for `blockTimeoutLimit_ns` at most, whatever the session asks for.
  public static func attach(
    _ set: BufferSet, to index: Int, processSlot: UInt32, wakeDescriptor: Int32,
    blockTimeoutLimit_ns: UInt64 = .max
  ) {
    let slot = slot(index)
    precondition(slot.pointee.generation & 1 == 0, "the slot is taken")
    let parameters = set.parameters
    let rings = UnsafeMutablePointer<trace_ring_ref>.allocate(capacity: parameters.ringCount)
    for ring in 0..<parameters.ringCount {
      rings[ring] = trace_ring_ref(control: set.control(ring), data: set.data(ring))
    }
    slot.pointee.rings = rings
    slot.pointee.ring_mask_words = UInt64(parameters.ringBytes / 8 - 1)
    slot.pointee.writer_high = UInt64(processSlot) << 32
    slot.pointee.ring_count = UInt32(parameters.ringCount)
    slot.pointee.mode = parameters.mode.rawValue
    slot.pointee.wake_fd = wakeDescriptor
    slot.pointee.block_timeout_ns = min(
      parameters.blockTimeoutNanoseconds, blockTimeoutLimit_ns)
    slot.pointee.uses_monotonic_clock = parameters.usesMonotonicClock ? 1 : 0
    slot.pointee.stalled = 0
    slot.pointee.set = set.header
    slot.pointee.set_bytes = UInt64(set.byteCount)
    let generation = slot.pointee.generation + 1
    trace_store_u64(
      &slot.pointee.fast_generation, parameters.writerKind == .rseq ? generation : 0)
    trace_store_u64(&slot.pointee.generation, generation)
  }

  /// Takes the session's set away: when this returns true, no emitter touches it any more and it
  /// may be unmapped. False: an emitter did not come out of the slow path within a second (a
  /// handler that jumped out of it, a stopped thread); then the mapping must stay.
  public static func detach(_ index: Int) -> Bool {
    let slot = slot(index)
    precondition(slot.pointee.generation & 1 == 1, "the slot is free")
    let hasSections = slot.pointee.fast_generation != 0
    trace_store_u64(&slot.pointee.fast_generation, 0)
    trace_store_u64(&slot.pointee.generation, slot.pointee.generation + 1)
    trace_fence()
    // Restarts every emitter that is inside a section; then it sees the generation.
    let isFenced = !hasSections || trace_rseq_barrier() == 0
    guard isFenced, waitForSlowUsers(slot) else { return false }
    slot.pointee.rings?.deallocate()
    slot.pointee.rings = nil
    slot.pointee.set = nil
    return true
  }

  /// In the child after a fork: sessions are the parent's. Unmaps their sets, leaves their wake
  /// descriptors to whoever opened them; takes no lock, frees nothing, touches no object: another
  /// thread of the parent may have been changing it. ``BufferSet``s that were attached must never
  /// be released in the child.
  public static func forgetAfterFork() {
    for index in 0..<count {
      let slot = slot(index)
      slot.pointee.fast_generation = 0
      slot.pointee.slow_users = 0
      guard slot.pointee.generation & 1 == 1 else { continue }
      slot.pointee.generation += 1
      if let set = slot.pointee.set { munmap(set, Int(slot.pointee.set_bytes)) }
      slot.pointee.rings = nil
      slot.pointee.set = nil
    }
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
