import CTraceShims
import Glibc
import TraceEvents
import TraceRing

/// The sessions that this process emits to. Called only by the control thread.
enum SessionSlots {
  enum Failure: Error, Equatable {
    case allTaken
    case bufferSet(BufferSetError)
    /// The set requires restartable sequences, which do not work in this process.
    case needsRseq
  }

  private struct Attachment {
    var set: BufferSet
    var memoryDescriptor: Int32
    var wakeDescriptor: Int32
  }

  private struct State {
    var attachments: [Attachment?] = Array(repeating: nil, count: EmitterSlots.count)
    /// Slots whose mapping had to be left in place.
    var abandoned: Set<Int> = []
  }

  /// Behind a pointer, so that a forked child can leave the parent's behind instead of releasing
  /// it.
  nonisolated(unsafe) private static var state = makeState()

  private static func makeState() -> UnsafeMutablePointer<State> {
    let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
    state.initialize(to: State())
    return state
  }

  /// Maps the set and attaches it to this process's emitters. If it succeeds, it takes ownership of
  /// both descriptors, which are ``OpenDescriptors``.
  ///
  /// - Returns: the slot, and the block-mode timeout requested by the session if it is more than
  ///   ``BlockTimeout/limit_ns``.
  static func attach(
    memoryDescriptor: Int32, wakeDescriptor: Int32, processSlot: UInt32
  ) throws(Failure) -> (slot: Int, refusedTimeout_ns: UInt64?) {
    let set: BufferSet
    do { set = try BufferSet.attach(descriptor: memoryDescriptor) } catch {
      throw .bufferSet(error)
    }
    if set.parameters.writerKind == .rseq, !rseqIsUsable { throw .needsRseq }
    let index = (0..<EmitterSlots.count).first {
      state.pointee.attachments[$0] == nil && !state.pointee.abandoned.contains($0)
    }
    guard let index else { throw .allTaken }
    state.pointee.attachments[index] = Attachment(
      set: set, memoryDescriptor: memoryDescriptor, wakeDescriptor: wakeDescriptor)
    EmitterSlots.attach(
      set, to: index, processSlot: processSlot, wakeDescriptor: wakeDescriptor,
      blockTimeoutLimit_ns: BlockTimeout.limit_ns)
    let asked = set.parameters.mode == .block ? set.parameters.blockTimeoutNanoseconds : 0
    return (index, asked > BlockTimeout.limit_ns ? asked : nil)
  }

  static func apply(
    slot: Int, provider: RegisteredProvider, filter: EnableFilter?, grants: [EventGrant]
  ) {
    provider.apply(slot: slot, filter: filter, grants: grants)
    provider.enablementChanged()
  }

  /// Clears the session's bits, waits until no emitter uses its memory, and unmaps the memory, or
  /// keeps it for `tracectl recover` if the session ended without closing properly.
  static func detach(slot: Int, keepsBuffers: Bool = false) {
    let providers = Registry.all()
    for provider in providers { provider.clear(slot: slot) }
    ThreadSampler.clear(slot: slot)
    let isUnused = EmitterSlots.detach(slot)
    if let attachment = state.pointee.attachments[slot] {
      if isUnused {
        OpenDescriptors.close(attachment.wakeDescriptor)
        if keepsBuffers {
          OrphanedSet.keep(attachment.set, descriptor: attachment.memoryDescriptor)
        } else {
          OpenDescriptors.close(attachment.memoryDescriptor)
        }
      } else {
        _ = Unmanaged.passRetained(attachment.set)
        state.pointee.abandoned.insert(slot)
      }
      state.pointee.attachments[slot] = nil
    }
    for provider in providers { provider.enablementChanged() }
  }

  /// Makes what ``forgetAfterFork()`` uses; see ``ControlThread``.
  static func prepareForForks() {
    EmitterSlots.prepareForForks()
    OrphanedSet.prepareForForks()
    trace_use(state)
    ThreadSampler.prepareForForks()
    Registry.prepareForForks()
  }

  /// Called in the child after a fork. The sessions stay with the parent; the providers' next emit
  /// starts over.
  static func forgetAfterFork() {
    EmitterSlots.forgetAfterFork()
    OrphanedSet.forgetAfterFork()
    state = makeState()
    ThreadSampler.forgetAfterFork()
    Registry.suspendAfterFork()
  }
}

/// Whether restartable sequences work in this process; tested once.
let rseqIsUsable: Bool = trace_rseq_self_test()
