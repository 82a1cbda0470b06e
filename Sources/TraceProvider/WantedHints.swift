public import CTraceShims
public import Synchronization
public import TraceEvents

/// One byte for each event id modulo 64, in the provider's static storage, so that a disabled event
/// costs one load.
///
///     byte    meaning                                              written by
///     0       no session wants any event whose id modulo 64 is     RegisteredProvider.publishHints
///             this byte's index
///     other   the event's row knows; also while the provider is    the linker, publishHints,
///             not registered, and in a forked child until its      suspendAfterFork
///             first emit
///
/// Relaxed loads suffice: a stale byte only delays the moment at which an event is enabled or
/// disabled. The row, which is read next, has the exact answer.
@usableFromInline
struct WantedHints: ~Copyable, Sendable {
  static var count: Int { 64 }

  // Eight words instead of 64 bytes, because they are initialized statically and the compiler turns
  // the shift below into a constant mask. Their order in memory is the order of the bytes.
  @usableFromInline let word0: Atomic<UInt64>
  @usableFromInline let word1: Atomic<UInt64>
  @usableFromInline let word2: Atomic<UInt64>
  @usableFromInline let word3: Atomic<UInt64>
  @usableFromInline let word4: Atomic<UInt64>
  @usableFromInline let word5: Atomic<UInt64>
  @usableFromInline let word6: Atomic<UInt64>
  @usableFromInline let word7: Atomic<UInt64>

  /// All bytes are set, because a new provider is not registered yet.
  @inlinable @inline(__always)
  init() {
    word0 = Atomic(.max)
    word1 = Atomic(.max)
    word2 = Atomic(.max)
    word3 = Atomic(.max)
    word4 = Atomic(.max)
    word5 = Atomic(.max)
    word6 = Atomic(.max)
    word7 = Atomic(.max)
  }

  /// False if no session wants the event. True if one may; the event's row has the exact answer.
  ///
  /// - Cost: one load of static memory if the event id is a compile-time constant.
  @inlinable @inline(__always)
  borrowing func mayBeWanted<E: TraceEvent>(_: E.Type) -> Bool {
    withUnsafePointer(to: self) { hints in
      let bytes = UnsafeRawPointer(hints).assumingMemoryBound(to: UInt8.self)
      return trace_any_unlikely(UInt64(trace_load_u8(bytes + Int(E.eventID & 63))))
    }
  }

  /// The bytes, if they are in the static data of an image, which is then never unloaded; nil for a
  /// provider on the stack or the heap, which may move or end.
  borrowing func staticBytes() -> UnsafeMutablePointer<UInt8>? {
    withUnsafePointer(to: self) { hints in
      guard trace_pin_image(hints) else { return nil }
      return UnsafeMutableRawPointer(mutating: hints).assumingMemoryBound(to: UInt8.self)
    }
  }
}
